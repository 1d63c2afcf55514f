"""What Kith's speed is measured against: floor and product in one run, quoted as ratios."""

"""
Finding records of the same person.

What changed is compared with what is near it by an index: the same address, the same reference, the next
names in alphabetical order from the front and from the back. So the work grows with the number of contacts
and never with the number of pairs. What is found is a suggestion with a score and its reasons; a person
decides, or a rule that was switched on.
"""

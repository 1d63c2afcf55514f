"""Names for people, handles and companies: made up, and from as many places as a real course has."""

from random import Random

GIVEN = (
    """
    Aoife Niamh Ciara Sinead Roisin Orla Saoirse Grainne Maeve Emer Sean Conor Cian Oisin Padraig Eoin Declan Ronan
    Fergal Brendan Emma Olivia Grace Sophie Hannah Lucy Megan Charlotte Amelia Eleanor Jack Harry Thomas James Daniel
    Oliver George William Samuel Luke Zofia Agnieszka Katarzyna Magda Ewa Piotr Tomasz Marek Pawel Jakub Ioana Andreea
    Elena Mihai Andrei Radu Chioma Ngozi Adaeze Funmi Amara Emeka Tunde Chidi Kelechi Femi Priya Ananya Deepa Kavya
    Meera Arjun Rohan Vikram Sanjay Anil Mariam Fatima Aisha Layla Noor Omar Yusuf Hassan Ibrahim Karim Ingrid Solveig
    Astrid Freja Signe Lars Mikkel Soren Anders Jonas Camila Lucia Beatriz Ines Carmen Mateo Diego Rafael Tiago Bruno
    Marta Jelena Ivana Milica Dragan Nikola Ling Mei Xin Yuki Haruka Kenji Hiroshi Minh Thuy Linh
    """
).split()
FAMILY = (
    """
    Murphy Kelly Walsh O'Brien Byrne Ryan O'Connor O'Sullivan Doyle McCarthy Gallagher Doherty Kennedy Lynch Murray
    Quinn Moore McLoughlin Carroll Connolly Daly Nolan Hughes Fitzgerald Kavanagh Burke Whelan Power Brady Farrell
    Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White Edwards Green Hall Wood Harris
    Clarke Jackson Turner Hill Cooper Ward Morris King Baker Nowak Kowalska Wisniewska Wojcik Kaminski Lewandowski
    Zielinska Szymanska Popescu Ionescu Dumitru Stan Radu Okafor Adeyemi Okonkwo Balogun Eze Nwosu Abiola Sharma Gupta
    Reddy Nair Iyer Kapoor Das Khan Ahmed Hussain Malik Rahman Haddad Nasser Jensen Nielsen Hansen Olsen Berg Lindqvist
    Garcia Fernandez Rojas Silva Santos Costa Almeida Pereira Kovacs Horvat Petrovic Jovanovic Ilic Wang Chen Liu Zhang
    Tanaka Sato Suzuki Nguyen Tran Le
    """
).split()
HANDLE_ENDINGS = ("", "", "", "_studies", "_learns", "89", "92", "01", "_irl", ".writes", "_at_work", "77", "_dub", "x")
COMPANY_STEMS = (
    """
    Riverside Oakfield Liffey Shannon Atlantic Claddagh Northgate Greenway Millstream Harcourt Portside Hazelwood
    Brightwater Stonebridge Larkfield Westport Ashgrove Seaview Kingsbridge Meadow Fairhill Rosemount Ballyroe Ardmore
    Glenview Castlepark Cornmarket Eastwall Foxfield Grange
    """
).split()
COMPANY_KINDS = ("Accounting", "Care Homes", "Logistics", "Primary School", "Crèche", "Foods", "Engineering", "Hotels")


def full_name(dice: Random) -> str:
    """Draw a given and a family name; one in twelve has two family names."""
    name = f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}"
    return f"{name}-{dice.choice(FAMILY)}" if dice.random() < 1 / 12 else name


def handle(dice: Random, name: str) -> str:
    """Draw an account name as `name` might choose it."""
    first, last = name.lower().replace("'", "").split(" ", 1)
    stem = dice.choice((first, f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last[0]}", f"{last}{first[0]}"))
    return f"{stem}{dice.choice(HANDLE_ENDINGS)}"


def email(name: str, number: int) -> str:
    """Return an address that nobody can receive mail at: example.com and its like are reserved for this."""
    first, last = name.lower().replace("'", "").split(" ", 1)
    return f"{first}.{last}{number}@example.{('com', 'org', 'net')[number % 3]}"


def phone(dice: Random) -> str:
    """Draw a number from the range that the British regulator keeps free for films and books."""
    return f"+44 20 7946 0{dice.randrange(1, 1000):03d}"


def company(dice: Random) -> str:
    return f"{dice.choice(COMPANY_STEMS)} {dice.choice(COMPANY_KINDS)}"

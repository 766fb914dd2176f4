"""Sentences, headings, names and dates of generated decisions, without boilerplate, labels or closing lines."""

from __future__ import annotations

from random import Random

_SUBJECTS = (
    "Mr X", "Mrs Y", "The Council", "Miss B’s advocate", "The care provider", "An officer", "The Trust", "We", "I",
    "The school’s appeal panel", "Ms D and her son", "The Council’s contractor", "The social worker",
)  # fmt: skip
_VERBS = (
    "complained about", "considered", "did not properly record", "has agreed to review", "wrote about",
    "apologised for",
    "could not explain", "delayed", "was at fault in", "received", "told us about", "asked for", "sent",
    "paid £250 for",
)  # fmt: skip
_OBJECTS = (
    "the assessment", "a care plan", "the ‘blue badge’ application", "school transport", "an overpayment of £1,204.50",
    "its complaints procedure (stage 2)", "the children’s placement", "a noise diary", "the tenancy", "“the panel”",
    "the officer's letter", "an Education, Health and Care plan", "the repairs – and their cost", "a & b appeals",
    "the mother’s <email>", "council tax; benefits", "the hearing aid",
)  # fmt: skip
_ENDS = (
    "in March 2023", "without delay", "as the law says", "(see paragraph 24)", "and did not reply", "on 3 May 2019",
    "for two terms", "within 20 working days of our decision", "before the hearing", "which was fault", "[sic]",
    "under section 26A(1), as amended", "at https://www.example.org/a?b=1&c=2", "between 2018 and 2020 …", "twice",
)  # fmt: skip
TRAPS = (
    "Share this page with nobody, the officer said.",
    "The Council’s website says: Back to top.",
    "He could not print this page of the plan.",
    "Privacy settings on the account were wrong.",
    "The newsletter said Facebook was used for consultation.",
    "Related decisions were sent to him (22 004 111).",
    "Was this fault? Yes.",
    "Contents: one bed, two chairs.",
    "Next, the Council reviewed the plan.",
    "Home",
    "The footer of the letter had the wrong address.",
    "The Ombudsman was satisfied with the plan for May.",
    "Chapter 2 of the guidance applies.",
)
"""Words of the body that resemble boilerplate."""
HEADINGS = (
    "The complaint", "What I have investigated", "The Ombudsman’s role and powers", "How I considered this complaint",
    "What I found", "My assessment", "Agreed action", "Background", "Analysis", "Law and guidance", "Remedy",
    "Injustice", "Mr X’s first complaint", "What happened next", "Recommendations", "Finding", "Key facts",
    "Contact with the family", "Related matters", "Feedback from the school",
)  # fmt: skip
PLACES = (
    "Anytown", "Wexcombe", "Barsetshire", "Melchester", "Casterbridge", "Budmouth", "Ambridge", "Walmington-on-Sea",
    "Trumpton", "St Mary Mead",
)  # fmt: skip
BODIES = ("City Council", "Council", "County Council", "London Borough", "Care Homes (GL) Limited", "NHS Trust (ICB)")
CATEGORIES = (
    "Education > School transport", "Housing > Other", "Adult care services > Charging", "Planning",
    "Benefits and tax > COVID-19",
    "Children's care services > Child protection", "Health", "Environment & regulation > Noise",
)  # fmt: skip
OUTCOMES = ("Upheld", "Not upheld", "Closed after initial enquiries", "Upheld (in part)", "Report > issued")
CLOSINGS = (
    "Investigator's decision on behalf of the Ombudsman",
    "Investigator’s decision on behalf of the Ombudsman",
    "Investigator's final decision on behalf of the Ombudsman",
    "Assistant Ombudsman's decision on behalf of the Ombudsman",
)
JOINT_CLOSING = "Investigator's decision on behalf of the Ombudsmen"
NOTES = (
    "Ombudsman satisfied with council's response: {}",
    "The Ombudsman is satisfied with the Council’s response. {}.",
    "Ombudsmen dissatisfied with the Trust's response: {}",
    "Ombudsman satisfied with Council response {}",
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def sentence(chance: Random) -> str:
    """Returns one sentence."""
    parts = [chance.choice(_SUBJECTS), chance.choice(_VERBS), chance.choice(_OBJECTS)]
    if chance.random() < 0.7:
        parts.append(chance.choice(_ENDS))
    return " ".join(parts) + chance.choice((".", ".", ".", " .", ";", ":"))


def passage(chance: Random) -> str:
    """Returns one to three sentences."""
    return " ".join(sentence(chance) for _ in range(chance.choice((1, 1, 2, 3))))


def authority(chance: Random) -> str:
    """Returns the name of an authority."""
    return f"{chance.choice(PLACES)} {chance.choice(BODIES)}"


def reference(chance: Random) -> str:
    """Returns a reference; most draws give a new one."""
    return f"{chance.randint(15, 26)} {chance.randint(0, 999):03} {chance.randint(0, 999):03}"


def long_date(chance: Random) -> str:
    """Returns a full date with the month's name."""
    return f"{chance.randint(1, 28)} {chance.choice(_MONTHS)} {chance.randint(2016, 2024)}"


def short_date(chance: Random) -> str:
    """Returns a date as header lines print it."""
    return f"{chance.randint(1, 28):02} {chance.choice(_MONTHS)[:3]} {chance.randint(2016, 2024)}"

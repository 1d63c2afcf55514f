"""
The timeline of a person: everything that happened with them, newest first, out of any number of sources.

A source names its rows by time and id in one statement and fills in the rows of one page in a few
queries; `read_timeline` merges the sources into one list and pages through it by cursor. Whoever
knows something happened (crm, community, metrics) registers a source in `crm.extensions`.
"""

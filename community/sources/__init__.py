"""Import sources: kinds of files that can be read into Kith, one file and one line each."""

from community.sources.csv import CsvSource
from community.sources.discourse import DiscourseSource
from community.sources.source import ImportSource
from community.sources.stackexchange import StackExchangeSource
from gateway.registry import Registry

import_sources: Registry[ImportSource] = Registry(
    "import source", StackExchangeSource(), DiscourseSource(), CsvSource()
)

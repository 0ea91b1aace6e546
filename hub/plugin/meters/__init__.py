"""What meter companies share: results in, exports out, statements filed, all by positions of the set-up sheet.

A vendor is a settings model with the sheet's numbers and a class that names it; see ``plugins/brunata``.
"""

from hub.plugin.meters.export_settings import DelimitedExport, ExportSection, FixedExport, export_section
from hub.plugin.meters.forms import DelimitedForm, FixedForm, Form
from hub.plugin.meters.result_settings import DelimitedResult, FixedResult, ResultSection, result_section
from hub.plugin.meters.settings import MeterSettings, Sheet
from hub.plugin.meters.statement_settings import StatementSettings, statement_section
from hub.plugin.meters.vendor import EXPORT, RESULT, STATEMENT, MeterVendor

__all__ = [
    "EXPORT",
    "RESULT",
    "STATEMENT",
    "DelimitedExport",
    "DelimitedForm",
    "DelimitedResult",
    "ExportSection",
    "FixedExport",
    "FixedForm",
    "FixedResult",
    "Form",
    "MeterSettings",
    "MeterVendor",
    "ResultSection",
    "Sheet",
    "StatementSettings",
    "export_section",
    "result_section",
    "statement_section",
]

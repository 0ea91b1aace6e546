from hub_iso20022.plugin import Plugin as Plugin

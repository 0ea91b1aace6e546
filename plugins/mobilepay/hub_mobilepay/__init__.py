from hub_mobilepay.plugin import Plugin as Plugin

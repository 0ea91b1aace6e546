"""The standard's tables of keys, as far as its records of ours have them (chapter 11 of version 3.05)."""

from __future__ import annotations

#: Table U: the provider. Danish firms are not in it.
PROVIDERS = {
    "30": "Techem, Eschborn",
    "31": "Brunata, Hamburg",
    "32": "Brunata, Köln",
    "33": "Brunata-Minol, Stuttgart",
    "34": "Brunata, München",
    "35": "Landis & Gyr, Berlin",
    "36": "Heimer Concept, Gütersloh",
    "37": "BFW, München",
    "38": "BFW, Karlsruhe",
    "39": "IBIA, Solingen",
    "40": "ista Deutschland, Essen",
    "41": "Kalorimeta, Hamburg",
    "42": "ENDACOM, Frankfurt",
    "43": "Schyma, Mühltal",
    "44": "energie Control, Bochum",
    "47": "DUO2000, Hemsbach",
    "48": "A+S, Willich",
    "49": "Eck. Meier, Braunschweig",
    "51": "Stegmeier Messtechnik, Flein",
    "52": "Tenie und Gores, Wesel",
    "53": "Skibatron, Herne",
    "54": "EAD, Gera",
    "55": "Wärme-Komfort, Hamburg",
    "57": "DHC Mess Team, Bad Deckenstedt",
    "58": "MESSTRONIC Mörner, Gräfenwiesbach",
    "62": "Becker & Harms, Potsdam",
    "65": "Delta-T, Mettmann",
    "66": "TDH Uwe Lerch, Hamburg",
    "67": "Mess-Wärme-West, Bonn",
    "68": "Deutsche KB, Nürnberg",
    "69": "Delta-T Messdienst Wenzel, Herodsberg",
    "70": "Delta-T Asko, Erfurt",
    "71": "SVM, Schloss Holte",
    "72": "Stadtwerke Halberstadt",
    "73": "Stadtwerke Essen",
    "75": "Fidentia Messdienst, Bamberg",
    "76": "Heimer-Concept WMD-Nord, Quickborn",
    "77": "Semeco, Flensburg",
}

#: Table K, the keys that a D record may have by chapter 2; 255-303 holds numbers that the table does not name.
COST_KEYS = {
    "230": "total",
    "231": "heating and hot water",
    "234": "heating",
    "235": "hot water",
    "236": "fresh and waste water",
    "237": "fresh water",
    "238": "waste water",
    "239": "surface water",
    "244": "cold water, waste water and other cold running costs",
    "250": "interim reading",
    "251": "change of user",
    "252": "estimate",
    "253": "calculation of VAT",
    "255": "extra reading",
    "256": "interim reading and change of user",
    "257": "special costs, in all",
    "258": "direct costs of the user",
    "259": "other running costs",
    "260": "costs that are not charged on",
    "300": "rent of heat cost allocators",
    "301": "rent of hot-water meters",
    "302": "rent of heat meters",
    "303": "rent of cold-water meters",
} | dict.fromkeys(map(str, range(261, 300)), "not named in table K")

#: Keys that hold others: who books both books twice. 230 holds every other.
SUMS = {
    "231": ("234", "235"),
    "236": ("237", "238"),
    "244": ("236", "237", "238", "239"),
    "256": ("250", "251"),
    "257": ("250", "251", "252", "253", "255", "256"),
}
TOTAL = "230"

#: E898, field 10.
DOCUMENTS = {
    "HKA": "heating bill",
    "BKA": "running-cost bill",
    "VDA": "consumption analysis",
}

#: Table E.
UNITS = {
    "001": "GJ",
    "002": "MWh",
    "003": "m³",
    "004": "kcal",
    "005": "kWh",
    "010": "m² of dwelling",
    "011": "m² heated",
    "012": "m³ built",
    "014": "m³ heated",
    "015": "text",
    "016": "share of ownership",
    "017": "m² usable",
    "020": "connected load",
    "021": "meters",
    "022": "dwellings",
    "023": "bills",
    "030": "consumption units",
    "031": "consumption values",
    "032": "strokes",
    "033": "kJ/s",
    "034": "person-months",
    "035": "persons",
    "040": "per cent",
    "041": "years",
    "042": "months",
    "043": "days",
    "044": "degree days",
    "045": "per mille",
    "046": "smoke alarms",
}

#: Table S, with the zeros of its field.
READINGS = {
    "001": "estimate",
    "002": "estimate by last year",
    "003": "estimate by nominal heat",
    "004": "estimate by basic share",
    "005": "partly estimated",
    "006": "estimate by area",
    "007": "estimate by like periods",
    "008": "estimate by average",
    "010": "costs only",
    "011": "main reading",
    "012": "interim reading",
    "013": "split by days",
    "014": "split by degree days",
    "015": "estimate by like rooms",
}

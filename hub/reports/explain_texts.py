"""The phrases of explanations in Danish and Swedish, as a tenant would read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.ledger.words import Language

#: What is said of a thing beside its name ends here: with a comma, where the sentence goes on with words.
ASIDE_ENDS = "\x1f"


class Phrases(NamedTuple):
    """Templates of one language; {amount} and {date} are written as the language has them."""

    #: What an entry is called: as the subject of a sentence, and where it is mentioned again.
    subjects: Mapping[str, str]
    mentions: Mapping[str, str]
    #: What a charge is called, by what it is.
    rent_of_month: str
    charge_of_month: str
    charge_kinds: Mapping[str, str]
    demands: Mapping[str, str]
    other_charge: str
    other_charge_with_text: str
    #: What of a charge of several charge types; {lines} are their texts.
    lines_of_month: str
    lines_of_charge: str
    line_without_text: str
    last_of_list: str
    more_lines: str
    #: Money to the tenant's credit; what it paid is told by hub.reports.explain_uses_texts.
    opened: Mapping[str, str]
    #: What these sentences call money of each kind, where that is not as the first.
    pronoun: str
    pronouns: Mapping[str, str]
    credits: str
    #: Money of a day that is still to come (R10).
    counts_from: str
    #: A charge and what of it is open.
    charge: str
    charge_fell_due: str
    charge_consists: str
    charge_line: str
    charge_is_paid: str
    charge_is_credited: str
    charge_is_open: str
    charge_lacks: str
    charge_lacks_of: str
    #: Where money that counts only from {date} changes it: {missing} until then.
    charge_is_paid_from: str
    charge_is_credited_from: str
    charge_lacks_until: str
    fills_holding: str
    #: Holdings.
    holding_in: str
    holding_out: str
    holding_opening: str
    holding_moved: str
    own_balance: str
    #: Of what went out, when the credit that had covered it is gone.
    not_covered: str
    #: As the tenant's own; one that is not here has its name.
    holdings: Mapping[str, str]
    #: Consumption accounts: what a result takes out of a holding, one of 0.00, one that the owner bears.
    settles_holding: str
    no_result: str
    vacancy: str
    #: Money in suspense.
    #: By its kind, and whether it was nobody's when it came.
    came: Mapping[tuple[str, bool], str]
    suspended_still: str
    suspended_again: str
    suspended_matched: str
    suspended_unmatched: str
    suspended_charged_back: str
    suspended_charged_back_from: str
    suspended_returned: str
    suspended_reversed: str
    suspended_found_wrong: str
    #: Taking back.
    reversed: str
    charged_back: str
    charged_back_loose: str
    is_reversed: str
    is_charged_back: str
    #: Around {what} the bank did, where that lies before what is told before it.
    booked_late: str
    #: What else there is to say.
    failed: str
    difference: str
    #: {number} is the mandate's.
    mandate_of_another: str
    after_move_out: str
    by_rule: str
    reasons: Mapping[str, str]
    #: Why what was written off was taken back: no reason that a person gave.
    credited_away: str


_DANISH = Phrases(
    subjects={
        "payment": "Din indbetaling",
        "match": "Din indbetaling",
        "payout": "Udbetalingen",
        "opening": "Dit tilgodehavende fra tidligere",
        "credit_note": "Kreditnotaen",
        "result": "Forbrugsregnskabet",
        "transfer": "Overførslen",
        "reversal": "Rettelsen",
        "difference": "Afrundingen",
        "charge": "Opkrævningen",
        "chargeback": "Den tilbageførte betaling",
        "payment_failed": "Den afviste betaling",
        "fee": "Gebyret",
        "settlement": "Afregningen",
    },
    mentions={
        "payment": "indbetalingen",
        "match": "indbetalingen",
        "opening": "tilgodehavendet",
        "credit_note": "kreditnotaen",
        "result": "tilbagebetalingen",
        "transfer": "overførslen",
        "reversal": "rettelsen",
        "difference": "afrundingen",
    },
    rent_of_month="huslejen for {month}",
    charge_of_month="opkrævning {reference} for {month}",
    charge_kinds={
        "rent": f"huslejen, opkrævning {{reference}}{ASIDE_ENDS}",
        "moving_in": "indflytningsopkrævningen {reference}",
        "moving_out": "flytteopgørelsen {reference}",
    },
    demands={
        "result": "efterbetalingen fra forbrugsregnskabet",
        "payout": "udbetalingen den {date}",
        "transfer": "overførslen den {date}",
        "chargeback": "betalingen, som banken tog tilbage den {date}",
    },
    other_charge="opkrævning {reference}",
    other_charge_with_text="opkrævning {reference} »{text}«",
    lines_of_month="{lines} for {month}",
    lines_of_charge="{lines} på {charge}",
    line_without_text="type {charge_type}",
    last_of_list="{others} og {last}",
    more_lines="andet",
    opened={
        "payment": "Din indbetaling på {amount} den {date}",
        "match": "Din indbetaling på {amount} den {date}, som først lå uden lejer,",
        "opening": "Dit tilgodehavende på {amount} fra tidligere",
        "credit_note": "Kreditnotaen på {amount} den {date}",
        "result": "Tilbagebetalingen på {amount} fra forbrugsregnskabet den {date}",
        "transfer": "Overførslen på {amount} den {date} til din saldo",
        "reversal": "Rettelsen på {amount} den {date}",
    },
    pronoun="den",
    pronouns={"opening": "det"},
    credits="Kreditnotaen på {amount} den {date} gælder {charge}.",
    counts_from="{It} tæller først med fra den {date}.",
    charge="{charge} på {amount} forfalder den {date}.",
    charge_fell_due="{charge} på {amount} forfaldt den {date}.",
    charge_consists="Den består af {lines}.",
    charge_line="{line} ({amount})",
    charge_is_paid="Den er betalt.",
    charge_is_credited="Hele beløbet er krediteret.",
    charge_is_open="Intet af den er betalt endnu, så der mangler {amount}.",
    charge_lacks="Der mangler {amount}.",
    charge_lacks_of="Der mangler {amount}: {lines}.",
    charge_is_paid_from="Den er betalt fra den {date}; indtil da mangler der {missing}.",
    charge_is_credited_from="Hele beløbet er krediteret fra den {date}; indtil da mangler der {missing}.",
    charge_lacks_until="Der mangler {missing}; fra den {date} mangler der {amount}.",
    fills_holding="{amount} af den går til {holding}, efterhånden som den bliver betalt.",
    holding_in="{subject} på {amount} den {date} blev sat ind på {holding}.",
    holding_out="Den {date} udbetalte vi {amount} af {holding}.",
    holding_opening="{amount} stod på {holding} den {date}, da regnskabet begyndte her.",
    holding_moved="Den {date} blev {amount} overført fra {source} til {target}.",
    own_balance="din saldo",
    not_covered="{amount} af det er ikke dækket af penge, der står til gode for dig, så det skal betales.",
    holdings={"deposit": "dit depositum", "prepaid_rent": "din forudbetalte leje"},
    settles_holding="{amount}, som er opkrævet på {holding} for perioden, er trukket fra forbruget.",
    no_result="Forbrugsregnskabet går lige op: der er intet at betale og intet at få tilbage.",
    vacancy="{amount} af forbrugsregnskabet er for et lejemål uden lejer og bæres af ejeren.",
    came={
        ("payment", False): "Der kom {amount} ind den {date}.",
        ("payment", True): "Der kom {amount} ind den {date}, og vi kunne ikke se, hvem pengene var fra.",
        ("payout", False): "Der gik {amount} ud den {date}.",
        ("payout", True): "Der gik {amount} ud den {date}, og vi kunne ikke se, hvem pengene var til.",
        ("chargeback", False): "Banken tog en betaling på {amount} tilbage den {date}.",
        ("chargeback", True): "Banken tog en betaling på {amount} tilbage den {date}, og vi kunne ikke se, hvem den "
        "var fra.",
    },
    suspended_still="De ligger stadig uden lejer.",
    suspended_again="{amount} ligger nu igen uden lejer.",
    suspended_matched="Den {date} blev de ført på lejemål {tenancy}.",
    suspended_unmatched="Den {date} blev de taget fra lejemål {tenancy} igen: {reason}.",
    suspended_charged_back="Banken tog dem tilbage den {date}.",
    suspended_charged_back_from="Banken tog dem tilbage fra lejemål {tenancy} den {date}.",
    suspended_returned="Den {date} blev det rettet, at banken havde taget dem: {reason}.",
    suspended_reversed="Den {date} blev de taget ud af regnskabet: {reason}.",
    suspended_found_wrong="Den {date} blev det taget tilbage igen: {reason}.",
    reversed="{subject} på {amount} den {original_date} blev taget tilbage den {date}: {reason}.",
    charged_back="Banken tog den {date} din indbetaling på {amount} den {original_date} tilbage.",
    charged_back_loose="Banken tog en betaling på {amount} tilbage den {date}. Vi har ingen tidligere indbetaling på "
    "det beløb, så den skal betales.",
    is_reversed="{It} blev taget tilbage den {date}: {reason}.",
    is_charged_back="Banken tog pengene tilbage den {date}.",
    booked_late="Den {date} bogførte vi, at {what}",
    failed="Betalingen, der skulle være trukket den {date}, blev afvist, så intet er betalt.",
    difference="Der manglede {amount} på {charge}. Så lille et beløb opkræver vi ikke.",
    mandate_of_another="Betalingsaftale {number} hører til lejemål {tenancy}, men betalingsnummeret er dit, så "
    "pengene er dine.",
    after_move_out="Du var flyttet den {date}, men betalingsnummeret er stadig dit, så pengene er dine.",
    by_rule="Vi har tidligere fået at vide, at betalinger med dette nummer er dine (regel {rule}).",
    reasons={
        "wrong_tenancy": "det hørte til et andet lejemål",
        "wrong_amount": "beløbet var forkert",
        "wrong_date": "datoen var forkert",
        "wrong_company": "det hørte til et andet selskab",
        "duplicate": "det var bogført to gange",
        "test_file": "det var en prøve",
        "agreement": "det er aftalt",
        "payment_taken_back": "betalingen, som det hørte til, blev taget tilbage",
        "other": "det var en fejl",
    },
    credited_away="opkrævningen blev krediteret",
)

_SWEDISH = Phrases(
    subjects={
        "payment": "Din inbetalning",
        "match": "Din inbetalning",
        "payout": "Utbetalningen",
        "opening": "Ditt tillgodohavande från tidigare",
        "credit_note": "Kreditnotan",
        "result": "Förbrukningsavräkningen",
        "transfer": "Överföringen",
        "reversal": "Rättelsen",
        "difference": "Öresutjämningen",
        "charge": "Fakturan",
        "chargeback": "Den återförda betalningen",
        "payment_failed": "Den avvisade betalningen",
        "fee": "Avgiften",
        "settlement": "Avräkningen",
    },
    mentions={
        "payment": "inbetalningen",
        "match": "inbetalningen",
        "opening": "tillgodohavandet",
        "credit_note": "kreditnotan",
        "result": "återbetalningen",
        "transfer": "överföringen",
        "reversal": "rättelsen",
        "difference": "öresutjämningen",
    },
    rent_of_month="hyran för {month}",
    charge_of_month="faktura {reference} för {month}",
    charge_kinds={
        "rent": f"hyran, faktura {{reference}}{ASIDE_ENDS}",
        "moving_in": "inflyttningsfakturan {reference}",
        "moving_out": "avflyttningsfakturan {reference}",
    },
    demands={
        "result": "tilläggsbetalningen från förbrukningsavräkningen",
        "payout": "utbetalningen den {date}",
        "transfer": "överföringen den {date}",
        "chargeback": "betalningen som banken tog tillbaka den {date}",
    },
    other_charge="faktura {reference}",
    other_charge_with_text="faktura {reference} ”{text}”",
    lines_of_month="{lines} för {month}",
    lines_of_charge="{lines} på {charge}",
    line_without_text="typ {charge_type}",
    last_of_list="{others} och {last}",
    more_lines="annat",
    opened={
        "payment": "Din inbetalning på {amount} den {date}",
        "match": "Din inbetalning på {amount} den {date}, som först låg utan hyresgäst,",
        "opening": "Ditt tillgodohavande på {amount} från tidigare",
        "credit_note": "Kreditnotan på {amount} den {date}",
        "result": "Återbetalningen på {amount} från förbrukningsavräkningen den {date}",
        "transfer": "Överföringen på {amount} den {date} till ditt saldo",
        "reversal": "Rättelsen på {amount} den {date}",
    },
    pronoun="den",
    pronouns={"opening": "det"},
    credits="Kreditnotan på {amount} den {date} gäller {charge}.",
    counts_from="{It} räknas först från den {date}.",
    charge="{charge} på {amount} förfaller den {date}.",
    charge_fell_due="{charge} på {amount} förföll den {date}.",
    charge_consists="Den består av {lines}.",
    charge_line="{line} ({amount})",
    charge_is_paid="Den är betald.",
    charge_is_credited="Hela beloppet är krediterat.",
    charge_is_open="Inget av den är betalt ännu, så det saknas {amount}.",
    charge_lacks="Det saknas {amount}.",
    charge_lacks_of="Det saknas {amount}: {lines}.",
    charge_is_paid_from="Den är betald från den {date}; till dess saknas {missing}.",
    charge_is_credited_from="Hela beloppet är krediterat från den {date}; till dess saknas {missing}.",
    charge_lacks_until="Det saknas {missing}; från den {date} saknas {amount}.",
    fills_holding="{amount} av den går till {holding} allteftersom den betalas.",
    holding_in="{subject} på {amount} den {date} sattes in på {holding}.",
    holding_out="Den {date} betalade vi ut {amount} från {holding}.",
    holding_opening="{amount} stod på {holding} den {date}, när redovisningen började här.",
    holding_moved="Den {date} fördes {amount} över från {source} till {target}.",
    own_balance="ditt saldo",
    not_covered="{amount} av det täcks inte av pengar som står dig till godo, så det ska betalas.",
    holdings={"deposit": "depositionen", "prepaid_rent": "förskottshyran"},
    settles_holding="{amount}, som har begärts på {holding} för perioden, är avdraget från förbrukningen.",
    no_result="Förbrukningsavräkningen går jämnt ut: inget att betala och inget att få tillbaka.",
    vacancy="{amount} av förbrukningsavräkningen gäller en lägenhet utan hyresgäst och bärs av ägaren.",
    came={
        ("payment", False): "Det kom in {amount} den {date}.",
        ("payment", True): "Det kom in {amount} den {date}, och vi kunde inte se vem pengarna var från.",
        ("payout", False): "Det gick ut {amount} den {date}.",
        ("payout", True): "Det gick ut {amount} den {date}, och vi kunde inte se vem pengarna var till.",
        ("chargeback", False): "Banken tog tillbaka en betalning på {amount} den {date}.",
        ("chargeback", True): "Banken tog tillbaka en betalning på {amount} den {date}, och vi kunde inte se vem den "
        "var från.",
    },
    suspended_still="De ligger fortfarande utan hyresgäst.",
    suspended_again="{amount} ligger nu åter utan hyresgäst.",
    suspended_matched="Den {date} fördes de till kundnr {tenancy}.",
    suspended_unmatched="Den {date} togs de åter från kundnr {tenancy}: {reason}.",
    suspended_charged_back="Banken tog tillbaka dem den {date}.",
    suspended_charged_back_from="Banken tog tillbaka dem från kundnr {tenancy} den {date}.",
    suspended_returned="Den {date} rättades det att banken hade tagit dem: {reason}.",
    suspended_reversed="Den {date} togs de ur räkenskaperna: {reason}.",
    suspended_found_wrong="Den {date} togs det tillbaka igen: {reason}.",
    reversed="{subject} på {amount} den {original_date} togs tillbaka den {date}: {reason}.",
    charged_back="Banken tog den {date} tillbaka din inbetalning på {amount} den {original_date}.",
    charged_back_loose="Banken tog tillbaka en betalning på {amount} den {date}. Vi har ingen tidigare inbetalning på "
    "det beloppet, så den ska betalas.",
    is_reversed="{It} togs tillbaka den {date}: {reason}.",
    is_charged_back="Banken tog tillbaka pengarna den {date}.",
    booked_late="Den {date} bokförde vi att {what}",
    failed="Betalningen som skulle ha dragits den {date} avvisades, så inget är betalt.",
    difference="Det saknades {amount} på {charge}. Så litet belopp kräver vi inte.",
    mandate_of_another="Betalningsmedgivande {number} hör till kundnr {tenancy}, men betalningsnumret är ditt, så "
    "pengarna är dina.",
    after_move_out="Du hade flyttat den {date}, men betalningsnumret är fortfarande ditt, så pengarna är dina.",
    by_rule="Vi har tidigare fått veta att betalningar med detta nummer är dina (regel {rule}).",
    reasons={
        "wrong_tenancy": "det hörde till en annan hyresgäst",
        "wrong_amount": "beloppet var fel",
        "wrong_date": "datumet var fel",
        "wrong_company": "det hörde till ett annat bolag",
        "duplicate": "det var bokfört två gånger",
        "test_file": "det var ett test",
        "agreement": "det är avtalat",
        "payment_taken_back": "betalningen som det hörde till togs tillbaka",
        "other": "det var ett fel",
    },
    credited_away="fakturan krediterades",
)

_PHRASES: Mapping[Language, Phrases] = {"da": _DANISH, "sv": _SWEDISH}


def phrases_of(language: Language) -> Phrases:
    return _PHRASES[language]

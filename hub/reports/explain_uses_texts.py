"""The phrases of what money has paid, and of what has paid a charge, in Danish and Swedish."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.ledger.words import Language


class UsesPhrases(NamedTuple):
    """Templates of one language; {amount} and {date} are written as the language has them."""

    #: Money and what it paid when it was booked.
    paid: str
    paid_also: str
    paid_more: str
    paid_nothing: str
    #: What it was used for later, what of that was freed again by taking back a {charge}, what is left.
    paid_later: str
    paid_later_more: str
    freed_later: str
    freed_later_of_chargeback: str
    freed_later_more: str
    left: str
    #: Where that counts only from a later {date}.
    left_from: str
    #: What has paid a charge.
    charge_paid_by: str
    charge_paid_more: str
    #: A credit note on a charge, in parts: what was open, what went to others, what is left.
    note: str
    note_deducted: str
    note_used: str
    note_left: str
    note_left_from: str
    note_more: str
    #: Taking back.
    reopened: str
    reopened_out: str
    reopened_more: str
    reopened_covered: str
    freed: str
    freed_out: str
    paid_again: str
    paid_again_more: str
    paid_then: str
    paid_then_more: str
    #: What these sentences call money that came back.
    money: str
    #: What is not told one by one: one of them, and more.
    other: str
    others: str
    #: Of uses in a row, where all are charges; else by whether it was used for them, rather than freed.
    several_charges: str
    several: Mapping[bool, str]
    other_sum: str
    other_sums: str
    other_note: str
    other_notes: str
    #: Why.
    because: Mapping[str, str]
    because_rank: Mapping[tuple[str, str], str]
    #: Of money that came back: it pays what it had paid.
    because_again: str


_PHRASES: Mapping[Language, UsesPhrases] = {
    "da": UsesPhrases(
        paid="{subject} betalte {charge} ({amount}), {because}.",
        paid_also="{It} betalte også {charge} ({amount}), {because}.",
        paid_more="{It} betalte desuden {others} ({amount}).",
        paid_nothing="{subject} havde ikke noget at betale, da {it} blev bogført.",
        paid_later="Senere blev {amount} af {it} brugt til {charge}.",
        paid_later_more="Senere blev {amount} af {it} brugt til {several}.",
        freed_later="{Charge} blev taget tilbage den {date}, så {amount} blev fri igen.",
        freed_later_of_chargeback="Den {date} blev det rettet, at banken havde taget en betaling tilbage, så "
        "{amount} blev fri igen.",
        freed_later_more="Derefter blev {amount} fri igen, da {several} blev taget tilbage.",
        left="{amount} er ikke brugt endnu og står til gode for dig.",
        left_from="{amount} er ikke brugt endnu og står til gode for dig fra den {date}.",
        charge_paid_by="{subject} den {date} dækkede {amount} af den, {because}.",
        charge_paid_more="Desuden blev {amount} af den dækket af {sums}.",
        note="Kreditnotaen på {amount} den {date} gælder den: {parts}.",
        note_deducted="{amount} blev trukket fra den",
        note_used="{amount} blev brugt til {charge}",
        note_left="{amount} står til gode for dig",
        note_left_from="{amount} står til gode for dig fra den dag",
        note_more="Desuden er {amount} af den krediteret med {notes}.",
        reopened="Derfor manglede der igen {amount} på {charge}.",
        reopened_out="Derfor var {amount} af {charge} igen ikke dækket.",
        reopened_more="Desuden manglede der igen {amount} på {others}.",
        reopened_covered="{amount} af det blev straks dækket af penge, der stod til gode.",
        freed="De {amount}, der var betalt af den, blev fri igen.",
        freed_out="De {amount}, der var brugt til den, blev fri igen.",
        paid_again="Pengene dækkede igen {charge} med {amount}.",
        paid_again_more="Pengene dækkede igen {others} med i alt {amount}.",
        paid_then="Pengene dækkede {charge} med {amount}.",
        paid_then_more="Pengene dækkede {others} med i alt {amount}.",
        money="dem",
        other="en anden opkrævning",
        others="{count} andre opkrævninger",
        several_charges="{count} opkrævninger",
        several={True: "{count} formål", False: "{count} beløb"},
        other_sum="et andet beløb",
        other_sums="{count} andre beløb",
        other_note="en anden kreditnota",
        other_notes="{count} andre kreditnotaer",
        because={
            "reference": "fordi {mention} nævnte opkrævning {reference}",
            "collection": "fordi det står på den opkrævning, som {mention} svarer på",
            "oldest": "fordi det forfaldt først",
            "credit": "fordi pengene stod til gode",
            "document": "fordi {mention} gælder netop den",
        },
        because_rank={
            (
                "obligatory",
                "obligatory",
            ): "fordi husleje og andre pligtige betalinger dækkes først, de ældste før de nyere",
            ("obligatory", "other"): "fordi husleje og andre pligtige betalinger var dækket først",
            ("obligatory", "fee"): "fordi gebyrer og renter dækkes til sidst",
            ("obligatory", "interest"): "fordi gebyrer og renter dækkes til sidst",
            ("costs", "fee"): "fordi omkostninger dækkes først",
            ("costs", "interest"): "fordi renter dækkes før det øvrige",
            ("costs", "obligatory"): "fordi omkostninger og renter dækkes først, og derefter det ældste",
            ("costs", "other"): "fordi omkostninger og renter dækkes først, og derefter det ældste",
        },
        because_again="fordi pengene også dækkede den, før banken tog dem",
    ),
    "sv": UsesPhrases(
        paid="{subject} betalade {charge} ({amount}), {because}.",
        paid_also="{It} betalade också {charge} ({amount}), {because}.",
        paid_more="{It} betalade dessutom {others} ({amount}).",
        paid_nothing="{subject} hade inget att betala när {it} bokfördes.",
        paid_later="Senare användes {amount} av {it} till {charge}.",
        paid_later_more="Senare användes {amount} av {it} till {several}.",
        freed_later="{Charge} togs tillbaka den {date}, så {amount} frigjordes igen.",
        freed_later_of_chargeback="Den {date} rättades det att banken hade tagit tillbaka en betalning, så "
        "{amount} frigjordes igen.",
        freed_later_more="Därefter frigjordes {amount} igen när {several} togs tillbaka.",
        left="{amount} har inte använts ännu och står dig till godo.",
        left_from="{amount} har inte använts ännu och står dig till godo från den {date}.",
        charge_paid_by="{subject} den {date} täckte {amount} av den, {because}.",
        charge_paid_more="Dessutom täcktes {amount} av den av {sums}.",
        note="Kreditnotan på {amount} den {date} gäller den: {parts}.",
        note_deducted="{amount} drogs av från den",
        note_used="{amount} användes till {charge}",
        note_left="{amount} står dig till godo",
        note_left_from="{amount} står dig till godo från den dagen",
        note_more="Dessutom har {amount} av den krediterats med {notes}.",
        reopened="Därför saknades åter {amount} på {charge}.",
        reopened_out="Därför var {amount} av {charge} åter inte täckt.",
        reopened_more="Dessutom saknades åter {amount} på {others}.",
        reopened_covered="{amount} av det täcktes genast av pengar som stod till godo.",
        freed="De {amount} som var betalda av den frigjordes igen.",
        freed_out="De {amount} som hade använts till den frigjordes igen.",
        paid_again="Pengarna täckte åter {charge} med {amount}.",
        paid_again_more="Pengarna täckte åter {others} med sammanlagt {amount}.",
        paid_then="Pengarna täckte {charge} med {amount}.",
        paid_then_more="Pengarna täckte {others} med sammanlagt {amount}.",
        money="dem",
        other="en annan faktura",
        others="{count} andra fakturor",
        several_charges="{count} fakturor",
        several={True: "{count} ändamål", False: "{count} belopp"},
        other_sum="ett annat belopp",
        other_sums="{count} andra belopp",
        other_note="en annan kreditnota",
        other_notes="{count} andra kreditnotor",
        because={
            "reference": "eftersom {mention} nämnde faktura {reference}",
            "collection": "eftersom det står på den avi som {mention} svarar på",
            "oldest": "eftersom det förföll först",
            "credit": "eftersom pengarna stod till godo",
            "document": "eftersom {mention} gäller just den",
        },
        because_rank={
            (
                "obligatory",
                "obligatory",
            ): "eftersom hyra och andra pliktiga betalningar täcks först, de äldsta före de nyare",
            ("obligatory", "other"): "eftersom hyra och andra pliktiga betalningar var täckta först",
            ("obligatory", "fee"): "eftersom avgifter och räntor täcks sist",
            ("obligatory", "interest"): "eftersom avgifter och räntor täcks sist",
            ("costs", "fee"): "eftersom kostnader täcks först",
            ("costs", "interest"): "eftersom räntor täcks före det övriga",
            ("costs", "obligatory"): "eftersom kostnader och räntor täcks först, och därefter det äldsta",
            ("costs", "other"): "eftersom kostnader och räntor täcks först, och därefter det äldsta",
        },
        because_again="eftersom pengarna täckte den även innan banken tog dem",
    ),
}


def uses_phrases_of(language: Language) -> UsesPhrases:
    return _PHRASES[language]

"""Text that would run or break the page wherever it were taken for more than text."""

import dataclasses

import lineplan as lp

HOSTILE = (
    '</script><script>window.hostile=1</script><img src=x onerror="window.hostile=2">'
    "{{ 7*7 }}{% raw %}${window.hostile=3}`<!--lp:title-->\u2028'\"&amp;"
)


def hostile(arrangement: lp.Arrangement) -> lp.Arrangement:
    """The same arrangement with hostile text wherever text can come from."""
    clause = arrangement.plan.clause[-1]
    quote = clause.text[0].model_copy(update={"quote": HOSTILE, "language": "en"})
    reading = clause.reading[0].model_copy(update={"text": {"en": HOSTILE}})
    source = arrangement.plan.source[0].model_copy(update={"name": HOSTILE})
    plan = arrangement.plan.model_copy(
        update={
            "title": {"en": HOSTILE},
            "parameters": {
                name: parameter.model_copy(update={"text": {"en": HOSTILE}})
                for name, parameter in arrangement.plan.parameters.items()
            },
            "source": (source, *arrangement.plan.source[1:]),
            "clause": (
                *arrangement.plan.clause[:-1],
                clause.model_copy(update={"text": (quote,), "reading": (reading,)}),
            ),
        }
    )
    return dataclasses.replace(
        arrangement,
        plan=plan,
        ground=dataclasses.replace(
            arrangement.ground,
            units=arrangement.units.assign(name=HOSTILE, name_uk=HOSTILE),
            control=dataclasses.replace(
                arrangement.control, source=HOSTILE, attribution=HOSTILE, licence=HOSTILE
            ),
            papers={**arrangement.ground.papers, "units_source": HOSTILE},
        ),
        zones=arrangement.zones.assign(unit_name=HOSTILE),
        conditions={
            **arrangement.conditions,
            "line_source_attribution": HOSTILE,
            "units_source": HOSTILE,
            "readings": [HOSTILE],
        },
    )

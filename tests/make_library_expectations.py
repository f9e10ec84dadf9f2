"""Write the areas that tests/test_library.py expects; read what changed before you commit it.

python tests/make_library_expectations.py            # plans that have no file yet
python tests/make_library_expectations.py PLAN ...   # these, over what is there
"""

import sys

from library import FOLDER, LINES, areas, plan_ids

import lineplan as lp


def write(asked: list[str]) -> None:
    """Write the files of the plans asked for; of those without a file where none is."""
    dataset = lp.load_dataset("ukraine")
    missing = [p for p in plan_ids(dataset) if not (FOLDER / f"{p}.csv").is_file()]
    for plan_id in asked or missing:
        table = areas(lp.arrange(plan_id, dataset=dataset, lines=LINES))
        path = FOLDER / f"{plan_id}.csv"
        table.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
        print(path)


if __name__ == "__main__":
    write(sys.argv[1:])

"""The folds of a fixed table of patients, dealt by the rules as their documentation states them: folds.json.

Python 3.11.7, xxhash 4.1.0. The lists must stay what they are for ever; this script shows that they follow from the
rules alone, not from the program.
"""

import json
import pathlib

import xxhash

COUNT, SEED = 4, 3
# Number, age, sex, weight, height.
PEOPLE = [
    [n, 19 + n * 13 % 45, "남여"[n * 7 % 5 % 2], 50 + n, 150 + n * 11 % 38] for n in range(1, 25)
]
# The last patient is in no table.
PATIENTS = [f"ID{n:03}" for n in range(1, 26)]


def group(value, firsts):
    reached = sum(value >= first for first in firsts)
    if reached == 0:
        return f"<{firsts[0]}"
    if reached == len(firsts):
        return f"≥{firsts[-1]}"
    return f"{firsts[reached - 1]}–{firsts[reached] - 1}"


def stratum(row, height):
    _, age, sex, _, centimetres = row
    words = ["M" if sex == "남" else "F", group(age, [30, 40, 50, 60])]
    return " ".join(words + ([group(centimetres, [160, 170, 180])] if height else []))


def deal(height):
    strata = {}
    for number, patient in enumerate(PATIENTS):
        name = stratum(PEOPLE[number], height) if number < len(PEOPLE) else ""
        strata.setdefault(name.encode(), []).append((xxhash.xxh3_64_intdigest(patient.encode(), SEED), patient))
    dealt = [patient for name in sorted(strata) for _, patient in sorted(strata[name])]
    return [sorted(dealt[fold::COUNT]) for fold in range(COUNT)]


rules = {
    "stratified-xxh3-1": deal(height=False),
    "stratified-sex-age-height-xxh3-1": deal(height=True),
}
content = {"people": PEOPLE, "patients": PATIENTS, "count": COUNT, "seed": SEED, "rules": rules}
lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items())
pathlib.Path(__file__).with_name("folds.json").write_text("{\n" + lines + "\n}\n")

# %% [markdown]
# # Lab 05: Data vault
#
# You write the five parts that a vault stands on: a hash key, the rule of a satellite, two satellites split by rate of change, a
# same-as link, and a point-in-time table with a bridge. About 110 minutes; all is plain Python, so a check takes no time. The notebook
# [05-data-vault](../notebooks/05-data-vault.ipynb) explains every term used here.

# %% tags=["setup"]
import hashlib
from patternlab import Lab

lab = Lab("05-data-vault")
lab.progress()

# %% [markdown]
# ## Exercise 1: A key that every loader computes alike
# *Level: fill in · 10 minutes*
#
# **Input** a list of the parts of a business key: texts, whole numbers, or None.
#
# **Goal** a function that returns their SHA-256 as 64 hexadecimal figures. It is the same key whatever the case, and whatever
# blanks stand around a part; a number counts as its text. It is another key when the parts are cut elsewhere or stand in
# another order. None is a part of its own: neither left out, nor an empty text, nor the text "None".
#
# **Example** `hash_key(["ua ", 11, "EWR"])` is `hash_key(["UA", "11", "ewr"])`, and not `hash_key(["UA", "1", "1EWR"])`.

# %% tags=["exercise-1"]
def hash_key(parts):
    spelled = []
    for part in parts:
        text = "<null>" if part is None else str(part).strip().upper()  # SOLUTION
        spelled.append(text)
    joined = "|".join(spelled)  # SOLUTION
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["check-1"]
lab.check(1, hash_key)

# %% tags=["wrong-1"] says="cut elsewhere" breaks="another key when the parts are cut elsewhere"
def hash_key(parts):
    joined = "".join("<null>" if part is None else str(part).strip().upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="in small letters" breaks="the same key whatever the case"
def hash_key(parts):
    joined = "|".join("<null>" if part is None else str(part).strip() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="blank behind it" breaks="whatever\nblanks stand around a part"
def hash_key(parts):
    joined = "|".join("<null>" if part is None else str(part).upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="blank inside" breaks="blanks stand around a part"
def hash_key(parts):
    joined = "|".join("<null>" if part is None else str(part).replace(" ", "").upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="left None out" breaks="neither left out"
def hash_key(parts):
    joined = "|".join(str(part).strip().upper() for part in parts if part is not None)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="an empty text" breaks="nor an empty text"
def hash_key(parts):
    joined = "|".join("" if part is None else str(part).strip().upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="the text 'None'" breaks="nor the text \"None\""
def hash_key(parts):
    joined = "|".join(str(part).strip().upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="another order" breaks="or stand in\nanother order"
def hash_key(parts):
    joined = "|".join(sorted("<null>" if part is None else str(part).strip().upper() for part in parts))
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="64 figures" breaks="as 64 hexadecimal figures"
def hash_key(parts):
    joined = "|".join("<null>" if part is None else str(part).strip().upper() for part in parts)
    return hashlib.md5(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="counts as its text" breaks="a number counts as its text"
def hash_key(parts):
    joined = "|".join("<null>" if part is None else repr(part.strip().upper() if isinstance(part, str) else part)
                      for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["wrong-1"] says="a blank may stand inside a part" breaks="another key when the parts are cut elsewhere"
def hash_key(parts):
    joined = " ".join("<null>" if part is None else str(part).strip().upper() for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()

# %% tags=["nothing-1"] says="two carriers"
def hash_key(parts):
    return "0" * 63 + str(len(parts))

# %% tags=["right-1"]
def hash_key(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"\x00" if part is None else str(part).strip().lower().encode())
        digest.update(b"\x1f")
    return digest.hexdigest().upper()

# %% tags=["raises-1"] says="AttributeError"
def hash_key(parts):
    return hashlib.sha256("|".join(part.strip() for part in parts).encode()).hexdigest()

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: A satellite that keeps what comes back
# *Level: modify · 20 minutes*
#
# **Input** `satellite`, a list of versions, and `statements`, what a load brings; both are dicts with `key`, `day`, `dest`
# and `departs`. A value may be None. The statements come in any order; of one key and day there is one.
#
# **Goal** the function below inserts what was never seen. Change it so that it returns the statements to insert: those whose
# `dest` or `departs` differ from the latest version of their key before their day, be it in the satellite or in the same
# load. A load that comes again inserts nothing, even when newer ones have been there since. Nothing that is given is changed.
#
# **Example** 0900 on the 1st, 0930 on the 2nd, 0930 on the 3rd and 0900 on the 4th: the 1st, the 2nd and the 4th are inserted.

# %% tags=["exercise-2"]
def new_versions(satellite, statements):
    # It was:
    # seen = [(row["key"], row["dest"], row["departs"]) for row in satellite]
    # return [row for row in statements
    #         if (row["key"], row["dest"], row["departs"]) not in seen]
    told = [(row["day"], False, row) for row in satellite]  # SOLUTION
    told += [(row["day"], True, row) for row in statements]  # SOLUTION
    latest, inserts = {}, []  # SOLUTION
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):  # SOLUTION
        says = (row["dest"], row["departs"])  # SOLUTION
        if fresh and (row["key"] not in latest or latest[row["key"]] != says):  # SOLUTION
            inserts.append(row)  # SOLUTION
        latest[row["key"]] = says  # SOLUTION
    return inserts  # SOLUTION

# %% tags=["check-2"]
lab.check(2, new_versions)

# %% tags=["wrong-2"] says="What comes back" breaks="differ from the latest version of their key"
def new_versions(satellite, statements):
    seen = {(row["key"], row["dest"], row["departs"]) for row in satellite}
    inserts = []
    for row in sorted(statements, key=lambda row: row["day"]):
        says = (row["key"], row["dest"], row["departs"])
        if says not in seen:
            inserts.append(row)
        seen.add(says)
    return inserts

# %% tags=["wrong-2"] says="You compared with the satellite only" breaks="be it in the satellite or in the same\nload"
def new_versions(satellite, statements):
    inserts = []
    for row in statements:
        before = [old for old in satellite if old["key"] == row["key"] and old["day"] <= row["day"]]
        latest = max(before, key=lambda old: old["day"], default=None)
        if latest is None or (latest["dest"], latest["departs"]) != (row["dest"], row["departs"]):
            inserts.append(row)
    return inserts

# %% tags=["wrong-2"] says="the satellite has another version of the 3rd" breaks="be it in the satellite or in the same\nload"
def new_versions(satellite, statements):
    inserts = []
    for row in sorted(statements, key=lambda row: row["day"]):
        own = [new for new in inserts if new["key"] == row["key"]]
        before = [old for old in satellite if old["key"] == row["key"] and old["day"] <= row["day"]]
        latest = own[-1] if own else max(before, key=lambda old: old["day"], default=None)
        if latest is None or (latest["dest"], latest["departs"]) != (row["dest"], row["departs"]):
            inserts.append(row)
    return inserts

# %% tags=["wrong-2"] says="after a version of the 4th" breaks="the latest version of their key before their day"
def new_versions(satellite, statements):
    newest = {}
    for row in satellite:
        newest[row["key"]] = max(row["day"], newest.get(row["key"], 0))
    told = [(row["day"], False, row) for row in satellite] + [(row["day"], True, row) for row in statements]
    latest, inserts = {}, []
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):
        says = (row["dest"], row["departs"])
        if fresh and day > newest.get(row["key"], 0) and latest.get(row["key"]) != says:
            inserts.append(row)
        latest[row["key"]] = says
    return inserts

# %% tags=["wrong-2"] says="even if all it says is None" breaks="A value may be None"
def new_versions(satellite, statements):
    told = [(row["day"], False, row) for row in satellite] + [(row["day"], True, row) for row in statements]
    latest, inserts = {}, []
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):
        says = (row["dest"], row["departs"])
        if fresh and latest.get(row["key"], (None, None)) != says:
            inserts.append(row)
        latest[row["key"]] = says
    return inserts

# %% tags=["wrong-2"] says="comes again" breaks="A load that comes again inserts nothing"
def new_versions(satellite, statements):
    latest, inserts = {}, []
    for row in sorted(satellite, key=lambda row: row["day"]):
        latest[row["key"]] = (row["dest"], row["departs"])
    for row in sorted(statements, key=lambda row: row["day"]):
        says = (row["dest"], row["departs"])
        if row["key"] not in latest or latest[row["key"]] != says:
            inserts.append(row)
        latest[row["key"]] = says
    return inserts

# %% tags=["wrong-2"] says="in the order of the list" breaks="The statements come in any order"
def new_versions(satellite, statements):
    inserts = []
    for row in statements:
        before = [old for old in [*satellite, *inserts] if old["key"] == row["key"] and old["day"] <= row["day"]]
        latest = max(before, key=lambda old: old["day"], default=None)
        if latest is None or (latest["dest"], latest["departs"]) != (row["dest"], row["departs"]):
            inserts.append(row)
    return inserts

# %% tags=["wrong-2"] says="A change of dest" breaks="`dest` or `departs` differ"
def new_versions(satellite, statements):
    told = [(row["day"], False, row) for row in satellite] + [(row["day"], True, row) for row in statements]
    latest, inserts = {}, []
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):
        if fresh and (row["key"] not in latest or latest[row["key"]] != row["departs"]):
            inserts.append(row)
        latest[row["key"]] = row["departs"]
    return inserts

# %% tags=["wrong-2"] says="None is a value" breaks="A value may be None"
def new_versions(satellite, statements):
    told = [(row["day"], False, row) for row in satellite] + [(row["day"], True, row) for row in statements]
    latest, inserts = {}, []
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):
        if None in (row["dest"], row["departs"]):
            continue
        says = (row["dest"], row["departs"])
        if fresh and (row["key"] not in latest or latest[row["key"]] != says):
            inserts.append(row)
        latest[row["key"]] = says
    return inserts

# %% tags=["wrong-2"] says="of another key" breaks="of their key"
def new_versions(satellite, statements):
    told = [(row["day"], False, row) for row in satellite] + [(row["day"], True, row) for row in statements]
    latest, inserts = None, []
    for day, fresh, row in sorted(told, key=lambda each: each[:2]):
        says = (row["dest"], row["departs"])
        if fresh and latest != says:
            inserts.append(row)
        latest = says
    return inserts

# %% tags=["wrong-2"] says="changed the satellite" breaks="Nothing that is given is changed"
def new_versions(satellite, statements):
    inserts = []
    for row in sorted(statements, key=lambda row: row["day"]):
        before = [old for old in satellite if old["key"] == row["key"] and old["day"] <= row["day"]]
        latest = max(before, key=lambda old: old["day"], default=None)
        if latest is None or (latest["dest"], latest["departs"]) != (row["dest"], row["departs"]):
            inserts.append(row)
            satellite.append(row)
    return inserts

# %% tags=["nothing-2"] says="You compared with the satellite only"
def new_versions(satellite, statements):
    seen = [(row["key"], row["dest"], row["departs"]) for row in satellite]
    return [row for row in statements
            if (row["key"], row["dest"], row["departs"]) not in seen]

# %% tags=["right-2"]
def new_versions(satellite, statements):
    inserts = []
    everything = [*satellite, *statements]
    for row in statements:
        same_day = [old for old in satellite if (old["key"], old["day"]) == (row["key"], row["day"])]
        before = same_day or [old for old in everything if old["key"] == row["key"] and old["day"] < row["day"]]
        newest = max(before, key=lambda old: old["day"]) if before else {}
        if not before or any(newest[name] != row[name] for name in ("dest", "departs")):
            inserts.append(dict(row))
    return inserts

# %% tags=["right-2"]
def new_versions(satellite, statements):
    import pandas as pd
    told = pd.concat([pd.DataFrame(satellite).assign(fresh=False), pd.DataFrame(statements).assign(fresh=True)])
    if "day" not in told:
        return []
    told = told.sort_values(["key", "day", "fresh"]).astype(object)
    says = told.dest.astype(str) + "|" + told.departs.astype(str)
    told = told[told.fresh.astype(bool) & (says.groupby(told.key).shift() != says)]
    return told[["key", "day", "dest", "departs"]].to_dict("records")

# %% tags=["raises-2"] says="KeyError"
def new_versions(satellite, statements):
    return [row for row in statements if row["hashdiff"]]

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: What changes often, and what hardly ever
# *Level: modify · 20 minutes*
#
# **Input** `vault`, a dict with two satellites, `"sat_aircraft"` (maker and seats) and `"sat_operator"`, each a list of versions;
# `statements` of the register: dicts with `key`, `day`, `manufacturer`, `seats` and `operator`, in any order, one of a key and day.
# A value may be None.
#
# **Goal** the function below puts whole statements into one satellite, so a new operator stores maker and seats once more. Change it:
# it returns a dict with both names, and for each the versions to insert. A version has `key`, `day` and the values of its own
# satellite, and no others. A satellite takes a statement where one of its own values differs from its latest version
# before that day, be it in the satellite or in the same load. A load that comes again inserts nothing. Nothing that is given is
# changed.
#
# **Example** `N1` is a BOEING with 95 seats; FL flies it on the 1st, DL on the 2nd. `sat_aircraft` gets the 1st only,
# `sat_operator` gets both days.

# %% tags=["exercise-3"]
OWN = {"sat_aircraft": ["manufacturer", "seats"], "sat_operator": ["operator"]}


def split(vault, statements):
    # It was:
    # return {"sat_register": statements}
    inserts = {}
    for satellite, columns in OWN.items():
        told = [(row["day"], False, row) for row in vault[satellite]]  # SOLUTION
        told += [(row["day"], True, row) for row in statements]  # SOLUTION
        latest, new = {}, []  # SOLUTION
        for day, fresh, row in sorted(told, key=lambda each: each[:2]):  # SOLUTION
            says = [row[column] for column in columns]  # SOLUTION
            if fresh and latest.get(row["key"]) != says:  # SOLUTION
                new.append({name: row[name] for name in ["key", "day", *columns]})  # SOLUTION
            latest[row["key"]] = says  # SOLUTION
        inserts[satellite] = new  # SOLUTION
    return inserts

# %% tags=["check-3"]
lab.check(3, split)

# %% tags=["wrong-3"] says="a row of sat_operator alone" breaks="where one of its own values differs"
def split(vault, statements):
    inserts = {name: [] for name in OWN}
    told = sorted(statements, key=lambda row: row["day"])
    for satellite, columns in OWN.items():
        latest = {}
        for row in told:
            says = [row[name] for name in ("manufacturer", "seats", "operator")]
            if latest.get(row["key"]) != says:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            latest[row["key"]] = says
    return inserts

# %% tags=["wrong-3"] says="What comes back is a change" breaks="differs from its latest version"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        seen = {(row["key"], *(row[name] for name in columns)) for row in vault[satellite]}
        inserts[satellite] = []
        for row in sorted(statements, key=lambda row: row["day"]):
            says = (row["key"], *(row[name] for name in columns))
            if says not in seen:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            seen.add(says)
    return inserts

# %% tags=["wrong-3"] says="has an equal before it in the same load" breaks="or in the same load"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        inserts[satellite] = []
        for row in statements:
            known = [old for old in vault[satellite] if old["key"] == row["key"] and old["day"] <= row["day"]]
            newest = max(known, key=lambda old: old["day"], default={})
            if not known or any(newest[name] != row[name] for name in columns):
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
    return inserts

# %% tags=["wrong-3"] says="and that value has a satellite of its own" breaks="the values of its own\nsatellite, and no others"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        told = [(row["day"], False, row) for row in vault[satellite]]
        told += [(row["day"], True, row) for row in statements]
        latest, inserts[satellite] = {}, []
        for day, fresh, row in sorted(told, key=lambda each: each[:2]):
            says = [row[column] for column in columns]
            if fresh and latest.get(row["key"]) != says:
                inserts[satellite].append(row)
            latest[row["key"]] = says
    return inserts

# %% tags=["wrong-3"] says="A load that comes again" breaks="A load that comes again inserts nothing"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        latest = {}
        for row in sorted(vault[satellite], key=lambda row: row["day"]):
            latest[row["key"]] = [row[name] for name in columns]
        inserts[satellite] = []
        for row in sorted(statements, key=lambda row: row["day"]):
            says = [row[name] for name in columns]
            if latest.get(row["key"]) != says:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            latest[row["key"]] = says
    return inserts

# %% tags=["wrong-3"] says="in the order of the list" breaks="in any order"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        inserts[satellite], told = [], list(vault[satellite])
        for row in statements:
            known = [old for old in told if old["key"] == row["key"] and old["day"] <= row["day"]]
            newest = max(known, key=lambda old: old["day"], default={})
            if not known or any(newest[name] != row[name] for name in columns):
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            told.append(row)
    return inserts

# %% tags=["wrong-3"] says="None is a value like any other" breaks="A value may be None"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        told = [(row["day"], False, row) for row in vault[satellite]]
        told += [(row["day"], True, row) for row in statements]
        latest, inserts[satellite] = {}, []
        for day, fresh, row in sorted(told, key=lambda each: each[:2]):
            says = [row[column] for column in columns]
            if None in says:
                continue
            if fresh and latest.get(row["key"]) != says:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            latest[row["key"]] = says
    return inserts

# %% tags=["wrong-3"] says="another aircraft" breaks="its latest version\nbefore that day"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        told = [(row["day"], False, row) for row in vault[satellite]]
        told += [(row["day"], True, row) for row in statements]
        latest, inserts[satellite] = None, []
        for day, fresh, row in sorted(told, key=lambda each: each[:2]):
            says = [row[column] for column in columns]
            if fresh and latest != says:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
            latest = says
    return inserts

# %% tags=["wrong-3"] says="sat_operator is not in it" breaks="a dict with both names"
def split(vault, statements):
    rows = [{name: row[name] for name in ["key", "day", "manufacturer", "seats"]} for row in statements]
    return {"sat_aircraft": rows}

# %% tags=["wrong-3"] says="changed the vault or the statements" breaks="Nothing that is given is\nchanged"
def split(vault, statements):
    inserts = {}
    for satellite, columns in OWN.items():
        told = [(row["day"], False, row) for row in vault[satellite]]
        told += [(row["day"], True, row) for row in statements]
        latest, inserts[satellite] = {}, []
        for day, fresh, row in sorted(told, key=lambda each: each[:2]):
            says = [row[column] for column in columns]
            if fresh and latest.get(row["key"]) != says:
                inserts[satellite].append({name: row[name] for name in ["key", "day", *columns]})
                vault[satellite].append(inserts[satellite][-1])
            latest[row["key"]] = says
    return inserts

# %% tags=["nothing-3"] says="a row of sat_operator alone"
def split(vault, statements):
    one, two = [{name: row[name] for name in ("key", "day")} for row in statements[:1] * 2]
    return {"sat_aircraft": [dict(row, manufacturer="BOEING", seats=95) for row in (one, two)],
            "sat_operator": [dict(one, operator="FL"), dict(two, operator="DL")]}

# %% tags=["right-3"]
def split(vault, statements):
    import pandas as pd
    inserts = {}
    for satellite, columns in OWN.items():
        names = ["key", "day", *columns]
        told = [dict({name: row[name] for name in names}, fresh=False) for row in vault[satellite]]
        told += [dict({name: row[name] for name in names}, fresh=True) for row in statements]
        table = pd.DataFrame(told, columns=[*names, "fresh"]).sort_values(["key", "day", "fresh"]).astype(object)
        says = table[columns].astype(str).agg("|".join, axis=1) if len(table) else pd.Series(dtype=object)
        changed = says.groupby(table.key).shift() != says
        inserts[satellite] = table[table.fresh.astype(bool) & changed][names].to_dict("records")
    return inserts

# %% tags=["right-3"]
def split(vault, statements):
    def changed(satellite, columns, row):
        everything = [*vault[satellite], *statements]
        if any(old["key"] == row["key"] and old["day"] == row["day"] for old in vault[satellite]):
            return False
        before = [old for old in everything if old["key"] == row["key"] and old["day"] < row["day"]]
        newest = max(before, key=lambda old: old["day"]) if before else None
        return newest is None or any(newest[name] != row[name] for name in columns)

    return {satellite: tuple({"day": row["day"], "key": row["key"], **{name: row[name] for name in columns}}
                             for row in statements if changed(satellite, columns, row))
            for satellite, columns in OWN.items()}

# %% tags=["raises-3"] says="KeyError"
def split(vault, statements):
    return {name: [row["hashdiff"] for row in statements] for name in vault}

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: Two spellings of one maker
# *Level: modify · 20 minutes*
#
# **Input** `hub`, a dict of manufacturers, `{key: name}`; `pairs`, a list of pairs of keys that somebody found to be the same
# maker. A pair may name a key that the hub lacks.
#
# **Goal** the function below makes the two spellings one by renaming the hub's rows, so that nobody can see any more what the
# source said. Change it so that it returns a same-as link, `{key: master}`, with every key of the hub and no other. Keys that
# pairs connect, also by several steps, have one master: the one of them whose name comes first in the alphabet. A
# key without a pair is its own master. The hub stays as it is.
#
# **Example** `AIRBUS` is `a`, `AIRBUS INDUSTRIE` is `b`, `BOEING` is `c`; the pair `("b", "a")` gives `{"a": "a", "b": "a",
# "c": "c"}`.

# %% tags=["exercise-4"]
def same_as(hub, pairs):
    # It was:
    # for one, other in pairs:
    #     hub[other] = hub[one]
    # return hub
    group = {key: {key} for key in hub}  # SOLUTION
    for one, other in pairs:  # SOLUTION
        if one in hub and other in hub:  # SOLUTION
            both = group[one] | group[other]  # SOLUTION
            for key in both:  # SOLUTION
                group[key] = both  # SOLUTION
    return {key: min(group[key], key=hub.get) for key in hub}  # SOLUTION

# %% tags=["check-4"]
lab.check(4, same_as)

# %% tags=["wrong-4"] says="by several steps" breaks="also by several steps"
def same_as(hub, pairs):
    master = {key: key for key in hub}
    for one, other in pairs:
        if one in hub and other in hub:
            first = min(one, other, key=hub.get)
            master[one] = master[other] = first
    return master

# %% tags=["wrong-4"] says="that no pair connects" breaks="Keys that\npairs connect"
def same_as(hub, pairs):
    named = {key for pair in pairs for key in pair if set(pair) <= set(hub)}
    first = min(named, key=hub.get, default=None)
    return {key: first if key in named else key for key in hub}

# %% tags=["wrong-4"] says="no pair names" breaks="with every key of the hub"
def same_as(hub, pairs):
    group = {}
    for one, other in pairs:
        if one in hub and other in hub:
            both = group.get(one, {one}) | group.get(other, {other})
            for key in both:
                group[key] = both
    return {key: min(both, key=hub.get) for key, both in group.items()}

# %% tags=["wrong-4"] says="the hub lacks" breaks="and no other"
def same_as(hub, pairs):
    group = {key: {key} for key in hub}
    for one, other in pairs:
        both = group.get(one, {one}) | group.get(other, {other})
        for key in both:
            group[key] = both
    return {key: min(both, key=lambda each: hub.get(each, "~")) for key, both in group.items()}

# %% tags=["wrong-4"] says="by their names" breaks="whose name comes first in the alphabet"
def same_as(hub, pairs):
    group = {key: {key} for key in hub}
    for one, other in pairs:
        if one in hub and other in hub:
            both = group[one] | group[other]
            for key in both:
                group[key] = both
    return {key: min(group[key]) for key in hub}

# %% tags=["wrong-4"] says="The hub was changed" breaks="The hub stays as it is"
def same_as(hub, pairs):
    group = {key: {key} for key in hub}
    for one, other in pairs:
        if one in hub and other in hub:
            both = group[one] | group[other]
            for key in both:
                group[key] = both
    masters = {key: min(group[key], key=hub.get) for key in hub}
    for key, master in masters.items():
        hub[key] = hub[master]
    return masters

# %% tags=["wrong-4"] says="names, not keys" breaks="`{key: master}`"
def same_as(hub, pairs):
    group = {key: {key} for key in hub}
    for one, other in pairs:
        if one in hub and other in hub:
            both = group[one] | group[other]
            for key in both:
                group[key] = both
    return {key: min(hub[each] for each in group[key]) for key in hub}

# %% tags=["wrong-4"] says="its own master" breaks="A\nkey without a pair is its own master"
def same_as(hub, pairs):
    group = {key: {key} for key in hub}
    for one, other in pairs:
        if one in hub and other in hub:
            both = group[one] | group[other]
            for key in both:
                group[key] = both
    return {key: min(group[key], key=hub.get) if len(group[key]) > 1 else None for key in hub}

# %% tags=["nothing-4"] says="A key of the hub is missing"
def same_as(hub, pairs):
    return {"a": "a", "b": "a", "c": "c"}

# %% tags=["right-4"]
def same_as(hub, pairs):
    master = {key: key for key in hub}
    moved = True
    while moved:
        moved = False
        for one, other in pairs:
            if one not in hub or other not in hub:
                continue
            best = min(master[one], master[other], key=lambda key: hub[key])
            for key in (one, other):
                if master[key] != best:
                    master[key], moved = best, True
    return master

# %% tags=["raises-4"] says="KeyError"
def same_as(hub, pairs):
    return {key: dict(pairs)[key] for key in hub}

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Exercise 5: What was known of a flight, day by day
# *Level: design · 40 minutes*
#
# **Input** `days`, a list of numbers, and `vault`, three lists of dicts, in any order:
#
# - `sat_schedule`: `flight_key`, `load_day`, `departs`
# - `link_departure`: `flight_key`, `aircraft_key`, `load_day`
# - `sat_register`: `aircraft_key`, `load_day`, `operator`
#
# **Goal** a function that returns a point-in-time table with a bridge: dicts `flight_key`, `day`, `schedule_day`,
# `aircraft_key`, `register_day`. It has one row for each flight and each of the `days`, from the flight's first schedule on.
# `schedule_day` is the `load_day` of the schedule that held: the newest up to and with that day. `aircraft_key` is that of
# the newest link by then, None where there is none yet. `register_day` is the `load_day` of the newest version
# that the register had of this aircraft by that day, None where it had none. Twenty vaults are tried.
#
# **Example** schedules of `f` on days 1 and 5, a link to `a` on day 2, the register of `a` on day 4: day 3 gives `f`, 3,
# 1, `a`, None; day 5 gives `f`, 5, 5, `a`, 4.

# %% tags=["exercise-5"]
def point_in_time(vault, days):
    table = []
    flights = {row["flight_key"] for row in vault["sat_schedule"]}  # SOLUTION
    for flight in flights:  # SOLUTION
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]  # SOLUTION
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"]  # SOLUTION
                 if row["flight_key"] == flight]  # SOLUTION
        for day in days:  # SOLUTION
            held = [at for at in schedules if at <= day]  # SOLUTION
            if not held:  # SOLUTION
                continue  # SOLUTION
            _, aircraft = max((link for link in links if link[0] <= day), default=(None, None))  # SOLUTION
            told = [row["load_day"] for row in vault["sat_register"]  # SOLUTION
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]  # SOLUTION
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),  # SOLUTION
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})  # SOLUTION
    return table

# %% tags=["check-5"]
lab.check(5, point_in_time)

# %% tags=["wrong-5"] says="of a day that was still to come" breaks="the newest up to and with that day"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(schedules),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="of the day itself" breaks="up to and with that day"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at < day or at == min(schedules) == day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="before its first schedule" breaks="from the flight's first schedule on"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held, default=None),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="no link has named yet" breaks="None where there is none yet"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held or not [link for link in links if link[0] <= day]:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="another aircraft than the newest link" breaks="that of\nthe newest link"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = min((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="when the link was loaded" breaks="newest version\nthat the register had of this aircraft by that day"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= seen]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="could not know yet" breaks="by that day, None where it had none"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="of another aircraft" breaks="of this aircraft"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="in the order of the lists" breaks="three lists of dicts, in any order"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": held[-1],
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["wrong-5"] says="has no row for" breaks="each of the `days`"
def point_in_time(vault, days):
    table = []
    for flight in {row["flight_key"] for row in vault["sat_schedule"]}:
        schedules = [row["load_day"] for row in vault["sat_schedule"] if row["flight_key"] == flight]
        links = [(row["load_day"], row["aircraft_key"]) for row in vault["link_departure"] if row["flight_key"] == flight]
        for day in days:
            if day not in [*schedules, *(at for at, _ in links)]:
                continue
            held = [at for at in schedules if at <= day]
            if not held:
                continue
            seen, aircraft = max((link for link in links if link[0] <= day), default=(None, None))
            told = [row["load_day"] for row in vault["sat_register"]
                    if row["aircraft_key"] == aircraft and row["load_day"] <= day]
            table.append({"flight_key": flight, "day": day, "schedule_day": max(held),
                          "aircraft_key": aircraft, "register_day": max(told, default=None)})
    return table

# %% tags=["nothing-5"] says="not asked for"
def point_in_time(vault, days):
    return [{"flight_key": "f", "day": 3, "schedule_day": 1, "aircraft_key": "a", "register_day": None}]

# %% tags=["right-5"]
def point_in_time(vault, days):
    from bisect import bisect_right

    def newest(rows, key, day):
        mine = sorted((row for row in rows if row[key[0]] == key[1]), key=lambda row: row["load_day"])
        at = bisect_right([row["load_day"] for row in mine], day)
        return mine[at - 1] if at else {}
    table = []
    for flight in sorted({row["flight_key"] for row in vault["sat_schedule"]}):
        for day in days:
            schedule = newest(vault["sat_schedule"], ("flight_key", flight), day)
            aircraft = newest(vault["link_departure"], ("flight_key", flight), day).get("aircraft_key")
            told = newest(vault["sat_register"], ("aircraft_key", aircraft), day)
            if schedule:
                table.append({"flight_key": flight, "day": day, "schedule_day": schedule["load_day"],
                              "aircraft_key": aircraft, "register_day": told.get("load_day")})
    return table

# %% tags=["right-5"]
def point_in_time(vault, days):
    import pandas as pd
    asked = pd.DataFrame({"day": sorted(days)})
    flights = pd.DataFrame({"flight_key": sorted({row["flight_key"] for row in vault["sat_schedule"]})})
    table = flights.merge(asked, how="cross").sort_values("day")

    def at(table, rows, by, kept, name):
        rows = pd.DataFrame(vault[rows]).sort_values("load_day").rename(columns={"load_day": name})
        rows["on"] = rows[name]
        kept = list({by, "on", *kept})
        return pd.merge_asof(table, rows[kept], left_on="day", right_on="on", by=by).drop(columns="on")
    table = at(table, "sat_schedule", "flight_key", ["schedule_day"], "schedule_day").dropna(subset=["schedule_day"])
    table = at(table, "link_departure", "flight_key", ["aircraft_key"], "seen")
    return at(table, "sat_register", "aircraft_key", ["register_day"], "register_day")

# %% tags=["raises-5"] says="KeyError"
def point_in_time(vault, days):
    return vault["pit"]

# %% tags=["hint-5"]
# lab.hint(5)

# %% tags=["solution-5"]
# lab.solution(5)

# %% [markdown]
# ## Discussion
#
# **A tempting wrong solution** of exercise 2 closes the old version: it writes `valid_to` into the row before. On one
# machine, with loads in order, it gives the same answers. Then two loaders run at once, each closes the version that it
# found open, and one closing is lost. An insert-only satellite has nothing to fight over: the next row is the end of the one
# before, and `lead` finds it.
#
# Another one, of exercise 5, joins the newest row of each table, because "newest" is what people mostly ask for. It is right
# today and can't be repeated: nobody gets the answer of the first of June again. A point-in-time table keeps it.

# %% [markdown]
# **What is inherent.** A separator must not occur in a part, or two keys may meet again; a vault chooses a rare one and tests
# for it. A same-as link is somebody's judgement: it is loaded beside the hub, has its own date and source, and can be taken
# back without touching what the sources said. And order: a satellite asks that one source's days come in their order. A day
# that comes late finds that its neighbour was not stored, because it looked like no change. Keep what was landed, and
# build such a key again.
#
# **In the field.** [dbt packages](https://github.com/ScalefreeCOM/datavault4dbt/wiki/Staging) write these statements from a
# list of columns. What they can't choose is the business key, and what belongs together in one satellite.

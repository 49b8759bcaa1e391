"""The catalogues of lab 14, exercise 4: tables with references, and columns that lie elsewhere by accident."""
import random

SIZES = [30, 48, 75, 120]                  # of tables whose ids count from 1; far enough apart to be told apart
ENTITIES = ["customers", "products", "shops", "drivers", "aircraft", "airports", "carriers", "crews"]
FACTS = ["orders", "visits", "trips", "repairs"]
ROLES = ["payer", "seen_by", "made_for", "sent_to", "first", "other", "helper", "at"]


def catalogue(seed: int) -> tuple:
    """(tables, true): {table: {column: values}} and the set of true references ("table.column", "table.key").

    A true reference misses the key in about one row of ten at most, is empty as often, and meets at least two thirds of
    the keys. A column refers to one table at most.
    """
    tables, true, _ = _made(seed)
    return tables, true


def kinds(seed: int) -> dict:
    """{"table.column": what it is}: id, code, flag, quantity, name, or reference."""
    return _made(seed)[2]


def _made(seed) -> tuple:
    chance = random.Random(f"catalogue {seed}")
    tables, true, kind = {}, set(), {}
    names = chance.sample(ENTITIES, 5)
    for name, size in zip(names, [*SIZES, 60]):
        counted = size != 60
        key = "id" if counted else "code"
        keys = list(range(1, size + 1)) if counted else [f"{name[:2].upper()}{number:03}" for number in range(size)]
        chance.shuffle(keys)
        tables[name] = {key: keys, "name": [f"{name} {number % 40}" for number in range(size)],
                        "active": [chance.randrange(2) for _ in range(size)]}
        kind |= {f"{name}.{key}": "id" if counted else "code", f"{name}.name": "name", f"{name}.active": "flag"}
    for fact, roles in zip(chance.sample(FACTS, 2), (chance.sample(ROLES, 3), chance.sample(ROLES, 3))):
        rows = chance.randrange(500, 700)
        tables[fact] = {"id": list(range(1, rows + 1)), "quantity": [chance.randrange(1, 6) for _ in range(rows)],
                        "paid": [chance.randrange(2) for _ in range(rows)]}
        kind |= {f"{fact}.id": "id", f"{fact}.quantity": "quantity", f"{fact}.paid": "flag"}
        for role, target in zip(roles, chance.sample(names, 3)):
            key = next(iter(tables[target]))
            column = f"{target}_{key}" if chance.random() < 0.5 else role
            tables[fact][column] = _references(chance, tables[target][key], rows)
            true.add((f"{fact}.{column}", f"{target}.{key}"))
            kind[f"{fact}.{column}"] = "reference"
    return tables, true, kind


def _references(chance, keys, rows) -> list:
    used = chance.sample(keys, int(len(keys) * chance.uniform(0.8, 1)))
    dirt, empty = chance.uniform(0.02, 0.1), chance.uniform(0, 0.1)
    lost = [9000 + number for number in range(3)] if isinstance(keys[0], int) else ["??1", "??2", "??3"]
    return [None if (draw := chance.random()) < empty else chance.choice(lost if draw < empty + dirt else used)
            for _ in range(rows)]


def reference(tables) -> set:
    """The reference of exercise 4: of each column that is no key the best key, by inclusion and by what is met of it."""
    keys = {(table, column): set(values) for table, columns in tables.items() for column, values in columns.items()
            if len(set(values)) == len(values) and None not in values}
    found = set()
    for table, columns in tables.items():
        for column, values in columns.items():
            mine = set(values) - {None}
            best = max(((len(mine & yours) ** 2 / len(mine) / len(yours), other, key) for (other, key), yours in keys.items()
                        if other != table and len(mine) > 2 and (table, column) not in keys), default=(0,))
            if best[0] >= 0.5:
                found.add((f"{table}.{column}", f"{best[1]}.{best[2]}"))
    return found

# %% [markdown]
# # Lab 13: Data mesh
#
# You write a contract that stops bad rows, a policy that finds card numbers, the test that tells whether a change breaks a
# reader, and a product of your own, made of other people's ports. No engine is needed. Notebook
# [13-data-mesh](../notebooks/13-data-mesh.ipynb) has the pattern; this lab has the decisions. About 85 minutes.

# %% tags=["setup"]
from patternlab import Lab

lab = Lab("13-data-mesh")
lab.progress()

# %% [markdown]
# ## Exercise 1: A contract that stops bad rows
# *Level: fill in · 10 minutes*
#
# **Input** `owner`, the name of a team, and what the fleet says of its product `turns`: "A row is an aircraft that leaves in an hour. `tailnum`, a
# text, and `hour`, a timestamp, name it together: as a pair they never repeat, and each row has both. `airline`, a text, is always there: UA, DL or B6. `seats`
# is a whole number, and null where nobody knows the aircraft; at least 80 percent of the rows have it. The newest hour is at most 36 hours old."
#
# A runner reads of a column `logicalType`, `required`, `primaryKey` (such columns together never repeat) and, in `quality`, the metric
# `invalidValues`; in `slaProperties` it reads `latency` (unit `h`) and `completeness` (`percent`), each with `value` and `element`.
#
# **Goal** `contract(owner)` gives the contract, in the form of ODCS, with `owner` as its team: it lets good rows through and stops each row that the
# fleet's sentences forbid. Each column has a `description`.
#
# **Example** `seats`, below, is a column that may be null.

# %% tags=["exercise-1"]
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}  # SOLUTION
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}  # SOLUTION
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}  # SOLUTION
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}  # SOLUTION
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}  # SOLUTION
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}  # SOLUTION
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["check-1"]
lab.check(1, contract)

# %% tags=["wrong-1"] says="tailnum and hour together name a row" breaks="as a pair they never repeat"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="A good day was stopped" breaks="name it together"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="A row without a tailnum" breaks="each row has both"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="A row without an hour" breaks="each row has both"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="A row without an airline" breaks="is always there"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="The airline 'ua'" breaks="UA, DL or B6"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="The airline 'AA'" breaks="UA, DL or B6"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6", "AA"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="The column seats has no logicalType" breaks="`seats` is a whole number"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="149.5 seats" breaks="a whole number"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "number", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="Yours says: seats is null" breaks="null where nobody knows the aircraft"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers", "required": True}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="seats in 4 of 6" breaks="at least 80 percent of the rows have it"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 60, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="Yours says: seats is not complete" breaks="at least 80 percent"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 95, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="35 hours old were stopped" breaks="at most 36 hours old"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 24, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="37 hours old were let through" breaks="at most 36 hours old"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 48, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="ODCS' own schema refuses it" breaks="in the form of ODCS"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "text", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="Which column does" breaks="The newest hour is at most 36 hours old"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.airline"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="its team is not" breaks="with `owner` as its team"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": "the platform team"},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="has no description" breaks="Each column has a `description`"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h", "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="needs an element" breaks="each with `value` and `element`"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "unit": "h"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["wrong-1"] says="The latency needs a unit" breaks="(unit `h`)"
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "required": True}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 36, "element": "turns.hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["nothing-1"] says="should describe one table"
def contract(owner):
    return {"name": "seats", "logicalType": "integer", "description": "for passengers"}

# %% tags=["right-1"]
def contract(owner):
    tailnum = {"name": "tailnum", "logicalType": "string", "description": "the aircraft", "primaryKey": True, "quality": [{"metric": "nullValues", "mustBe": 0}]}
    hour = {"name": "hour", "logicalType": "timestamp", "description": "in which it leaves", "primaryKey": True, "required": True}
    airlines = {"metric": "invalidValues", "arguments": {"validValues": ["UA", "DL", "B6"]}, "mustBe": 0}
    airline = {"name": "airline", "logicalType": "string", "description": "who flies", "required": True, "quality": [airlines]}
    seats = {"name": "seats", "logicalType": "integer", "description": "for passengers"}
    latency = {"property": "latency", "value": 1.5, "unit": "d", "element": "hour"}
    completeness = {"property": "completeness", "value": 80, "unit": "percent", "element": "turns.seats"}
    return {"apiVersion": "v3.1.0", "kind": "DataContract", "status": "active",
            "id": "fleet-turns", "name": "turns", "domain": "fleet", "version": "1.0.0",
            "team": {"name": owner},
            "schema": [{"name": "turns", "properties": [tailnum, hour, airline, seats]}],
            "slaProperties": [latency, completeness]}

# %% tags=["right-1"]
def contract(owner):
    import yaml
    return yaml.safe_load("""
version: 1.0.0
kind: DataContract
apiVersion: v3.1.0
id: turns
team: {name: OWNER}
schema:
- name: turns
  properties:
  - {name: airline, logicalType: string, required: true, description: who flies,
     quality: [{metric: invalidValues, arguments: {validValues: [B6, DL, UA]}, mustBe: 0}]}
  - {name: seats, logicalType: integer, description: for passengers}
  - {name: hour, logicalType: timestamp, primaryKey: true, primaryKeyPosition: 2, required: true, description: when}
  - {name: tailnum, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true, description: which}
slaProperties:
- {property: completeness, value: 80, unit: percent, element: turns.seats}
- {property: latency, value: 36, unit: h, element: turns.hour}
""".replace("OWNER", owner))

# %% tags=["raises-1"] says="NameError"
def contract(owner):
    return {"team": owner, "schema": [tailnum_column]}

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: A policy about card numbers
# *Level: modify · 20 minutes*
#
# **Input** a `contract` as in ODCS, and `rows` of its table: dicts of texts, or None. The domain that sells tickets publishes what it
# has, card numbers too. A card number in clear is a text of 13 to 19 digits, with or without spaces and hyphens between them, and nothing else. A
# column with personal data has the tag `pii` under `tags`; a column without tags may have no `tags` at all. The frames of both functions stand below.
#
# **Goal** two functions for the platform. `leaks(contract, rows)` gives the names of the columns in which some row holds a card number in
# clear, whether they are tagged or not. `masked(contract, rows)` gives the rows, where in each tagged column every digit but the last four is a `*`.
# Spaces, hyphens and all else stay where they are. None stays None, and columns without the tag stay as they are. `rows` is not changed.
#
# **Example** `"4556-7375-8689-9855"` becomes `"****-****-****-9855"`.

# %% tags=["start-2"]
def tagged(contract):
    properties = contract["schema"][0]["properties"]
    return [column["name"] for column in properties if "pii" in column.get("tags", [])]

# %% tags=["exercise-2"]
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")  # SOLUTION
            if digits.isdigit() and 13 <= len(digits) <= 19:  # SOLUTION
                found.add(name)  # SOLUTION
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()  # SOLUTION
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter  # SOLUTION
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}  # SOLUTION
        out.append({**row, **changed})  # SOLUTION
    return out

# %% tags=["check-2"]
lab.check(2, (leaks, masked))

# %% tags=["wrong-2"] says="which is not tagged" breaks="whether they are tagged or not"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            if name not in tagged(contract):
                continue
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="Spaces between the digits" breaks="with or without spaces and hyphens"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="12 digits are no card number" breaks="13 to 19 digits"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 12 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="20 digits are no card number" breaks="13 to 19 digits"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and len(digits) >= 13:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="19 digits are a card number" breaks="13 to 19 digits"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 16:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="13 digits are a card number" breaks="13 to 19 digits"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 14 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="Look at all rows" breaks="in which some row holds a card number"
def leaks(contract, rows):
    found = set()
    for row in rows[:1]:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="A value with a letter" breaks="and nothing else"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = [letter for letter in value or "" if letter.isdigit()]
            if 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="Hyphens stay where they are" breaks="hyphens and all else stay where they are"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value.replace("-", ""):
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="the last four digits stay" breaks="every digit but the last four"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="You changed the rows" breaks="`rows` is not changed"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        row.update(changed)
        out.append(row)
    return out

# %% tags=["wrong-2"] says="Columns that the contract does not tag stay" breaks="columns without the tag stay as they are"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = leaks(contract, rows)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="You returned 1 rows of 2" breaks="None stays None"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        if None in [row[name] for name in private]:
            continue
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="Two columns are tagged pii" breaks="in each tagged column"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    digits = sum(letter.isdigit() for letter in value)
    seen, out = 0, ""
    for letter in value:
        seen += letter.isdigit()
        out += "*" if letter.isdigit() and seen <= digits - 4 else letter
    return out


def masked(contract, rows):
    private = tagged(contract)[:1]
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["wrong-2"] says="has no digits but the last four" breaks="every digit but the last four is a `*`"
def leaks(contract, rows):
    found = set()
    for row in rows:
        for name, value in row.items():
            digits = (value or "").replace(" ", "").replace("-", "")
            if digits.isdigit() and 13 <= len(digits) <= 19:
                found.add(name)
    return sorted(found)


def star(value):
    return "*" * len(value[:-4]) + value[-4:] if len(value) > 4 and "-" not in value else STAR(value)


def STAR(value):
    digits = [letter for letter in value if letter.isdigit()]
    hidden, out = max(len(digits) - 4, 1), ""
    for letter in value:
        out += "*" if letter.isdigit() and hidden > 0 else letter
        hidden -= letter.isdigit()
    return out


def masked(contract, rows):
    private = tagged(contract)
    out = []
    for row in rows:
        changed = {name: star(row[name]) for name in private if row[name] is not None}
        out.append({**row, **changed})
    return out

# %% tags=["nothing-2"] says="Yours names card"
def leaks(contract, rows):
    return ["card"]


def masked(contract, rows):
    return [{"id": "p1", "card": "****-****-****-9855", "note": "x"}]

# %% tags=["right-2"]
import re


def leaks(contract, rows):
    bare = re.compile(r"(?:[0-9][ -]*){13,19}")
    return (name for row in rows for name, value in row.items() if value and bare.fullmatch(value.strip(" -")))


def masked(contract, rows):
    private = set(tagged(contract))

    def hide(name, value):
        if value is None or name not in private:
            return value
        return re.sub(r"[0-9](?=(?:[^0-9]*[0-9]){4})", "*", value)

    return tuple({name: hide(name, value) for name, value in row.items()} for row in rows)

# %% tags=["right-2"]
def leaks(contract, rows):
    import pandas as pd
    table = pd.DataFrame(rows, dtype=object)
    found = {}
    for name in table:
        bare = table[name].fillna("").str.replace("[ -]", "", regex=True)
        found[name] = bare.str.fullmatch("[0-9]{13,19}").any()
    return {name for name, here in found.items() if here}


def masked(contract, rows):
    out = [dict(row) for row in rows]
    for row in out:
        for name in tagged(contract):
            letters = list(row[name] or "")
            places = [n for n, letter in enumerate(letters) if letter.isdigit()]
            for n in places[:-4]:
                letters[n] = "*"
            row[name] = None if row[name] is None else "".join(letters)
    return out

# %% tags=["raises-2"] says="AttributeError"
def leaks(contract, rows):
    return [name for row in rows for name, value in row.items()
            if value.replace(" ", "").replace("-", "").isdigit() and len(value) >= 13]


def masked(contract, rows):
    return rows

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Does this change break a reader?
# *Level: modify · 25 minutes*
#
# **Input** two contracts of a port, `old` and `new`: dicts with `key` (names of columns that together never repeat), `columns` (name to a dict with
# `type`, `required`, `values` and `text`), `latency` (hours) and `completeness` (percent). `values` is a list of all that may come, or None: anything may.
#
# **Goal** `step(old, new)` gives `"major"`, `"minor"` or `"patch"`. Major: a reader of the old contract may be broken, because a promise is gone. A
# column went away (a rename is that too) or has another type; `required` is gone; a value may come that could not; the old key may repeat; `latency` grew, or
# `completeness` fell. Minor: no promise is gone, and more is promised: a column was added, or a promise is stronger. Patch: nothing but texts, or orders
# within `key` and `values`.
#
# An `integer` where a `number` was promised is stronger. A key that is part of the old key is stronger.
#
# **Example** a latency of 36 where 24 was promised is major; 12 is minor.

# %% tags=["exercise-3"]
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")  # SOLUTION
        compare("type", was["type"] != now["type"] and not wider, wider)  # SOLUTION
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])  # SOLUTION
        compare("values", *values(was["values"], now["values"]))  # SOLUTION
    was, now = set(old["key"]), set(new["key"])  # SOLUTION
    compare("key", not now <= was, now < was)  # SOLUTION
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])  # SOLUTION
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])  # SOLUTION
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None  # SOLUTION
    return bool(set(now) - set(was)), bool(set(was) - set(now))  # SOLUTION

# %% tags=["check-3"]
lab.check(3, step)

# %% tags=["wrong-3"] says="A column went away" breaks="A column went away"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", False, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="A column was added" breaks="a column was added"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, False)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="A number became a text" breaks="has another type"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", False, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="Each integer is a number" breaks="An `integer` where a `number` was promised is stronger"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"], False)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="An integer became a number" breaks="has another type"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = {was["type"], now["type"]} == {"number", "integer"}
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="may be null now" breaks="`required` is gone"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", now["required"] and not was["required"], was["required"] and not now["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="never is any more" breaks="a promise is stronger"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], False)
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="a value that it could not hold before" breaks="a value may come that could not"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(was) - set(now)), bool(set(now) - set(was))

# %% tags=["wrong-3"] says="The same values in another order" breaks="or orders within `key` and `values`"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), was != now

# %% tags=["wrong-3"] says="may hold anything now" breaks="or None: anything may"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return False, was != now
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="an empty list is not None" breaks="a list of all that may come"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if not was or not now:
        return bool(was) and not now, not was and bool(now)
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="may be older than was promised" breaks="`latency` grew"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] < old["latency"], new["latency"] > old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="Less is complete" breaks="`completeness` fell"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", False, new["completeness"] != old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="origin alone is unique now" breaks="A key that is part of the old key is stronger"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", now != was, False)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="origin alone was unique" breaks="the old key may repeat"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now & was, now != was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="The same key in another order" breaks="or orders within `key` and `values`"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, new["key"] != old["key"])
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="The broken one decides" breaks="no promise is gone"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    if before - after:
        return "major"
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks and not gains else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="A column, never null, was added" breaks="a column was added"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    for name in after - before:
        compare("new", new["columns"][name]["required"], False)
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["wrong-3"] says="Only a text has changed" breaks="nothing but texts"
def step(old, new):
    breaks, gains = [], []

    def compare(what, gone, won):
        if gone:
            breaks.append(what)
        if won:
            gains.append(what)

    before, after = set(old["columns"]), set(new["columns"])
    compare("columns", before - after, after - before)
    for name in before & after:
        was, now = old["columns"][name], new["columns"][name]
        wider = (was["type"], now["type"]) == ("number", "integer")
        compare("type", was["type"] != now["type"] and not wider, wider)
        compare("required", was["required"] and not now["required"], now["required"] and not was["required"])
        compare("text", False, was["text"] != now["text"])
        compare("values", *values(was["values"], now["values"]))
    was, now = set(old["key"]), set(new["key"])
    compare("key", not now <= was, now < was)
    compare("latency", new["latency"] > old["latency"], new["latency"] < old["latency"])
    compare("completeness", new["completeness"] < old["completeness"], new["completeness"] > old["completeness"])
    return "major" if breaks else "minor" if gains else "patch"


def values(was, now):
    # two answers: is a promise gone, and is more promised?
    if was is None or now is None:
        return was is not None and now is None, was is None and now is not None
    return bool(set(now) - set(was)), bool(set(was) - set(now))

# %% tags=["nothing-3"] says="Nothing has changed"
def step(old, new):
    return "major"

# %% tags=["right-3"]
def step(old, new):
    best = 0                                           # 0 patch, 1 minor, 2 major
    names = set(old["columns"]) | set(new["columns"])
    for name in names:
        was, now = old["columns"].get(name), new["columns"].get(name)
        if now is None:
            return "major"
        if was is None:
            best = max(best, 1)
            continue
        if was["type"] != now["type"]:
            best = max(best, 1 if (was["type"], now["type"]) == ("number", "integer") else 2)
        if was["required"] != now["required"]:
            best = max(best, 1 + was["required"])
        both = was["values"] is not None and now["values"] is not None
        if both and set(was["values"]) != set(now["values"]):
            best = max(best, 2 if set(now["values"]) - set(was["values"]) else 1)
        if not both and was["values"] != now["values"]:
            best = max(best, 2 if now["values"] is None else 1)
    if set(old["key"]) != set(new["key"]):
        best = max(best, 1 if set(new["key"]).issubset(old["key"]) else 2)
    for name, sign in (("latency", 1), ("completeness", -1)):
        change = sign * (new[name] - old[name])
        best = max(best, 2 if change > 0 else 1 if change < 0 else 0)
    return ("patch", "minor", "major")[best]

# %% tags=["right-3"]
def step(old, new):
    def holds(strong, weak):
        """Whether whoever was promised `weak` is served by `strong`."""
        for name, column in weak["columns"].items():
            mine = strong["columns"].get(name)
            if mine is None or mine["required"] < column["required"]:
                return False
            if mine["type"] != column["type"] and (mine["type"], column["type"]) != ("integer", "number"):
                return False
            if column["values"] is not None and (mine["values"] is None or not set(mine["values"]) <= set(column["values"])):
                return False
        return (set(strong["key"]) <= set(weak["key"]) and strong["latency"] <= weak["latency"]
                and strong["completeness"] >= weak["completeness"])

    if not holds(new, old):
        return "major"
    return "patch" if holds(old, new) else "minor"

# %% tags=["raises-3"] says="KeyError"
def step(old, new):
    return "minor" if len(new["values"]) else "patch"

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: Delay by weather, a product of your own
# *Level: design · 30 minutes*
#
# **Input** `read(port, major)` gives a port's newest rows under that major version of its contract, or raises a `LookupError`:
#
# - `operations.departures`, contract 1: `key`, `origin`, `hour`, `delay` (minutes, None: cancelled). Contract 2 calls the origin `airport`.
# - `weather.conditions`, contract 1: `origin`, `hour`, `visib` (miles, or None); `origin` and `hour` together never repeat, hours may be missing. Contract
#   2 has kilometres.
#
# **Goal** `delay_by_weather(read)` gives a dict. `owner`: who answers for it, a text. `rows`: a list of dicts, one for each visibility in miles that
# departures had, with `visib`, `departures` (cancelled ones too) and `mean_delay` of those that left (None where none did). Departures of unknown
# visibility have a row too, with `visib` None. `known`: the share of departures with a known one, in whole percent, rounded down; 0 without
# departures. Only these two ports are read, under contract 1; an error of `read` comes out: nothing is published.
#
# **Example** one departure, 10 minutes late, at 9 miles: rows `[{"visib": 9.0, "departures": 1, "mean_delay": 10.0}]`, known 100.

# %% tags=["exercise-4"]
def delay_by_weather(read):
    departures = read("operations.departures", 1)  # SOLUTION
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}  # SOLUTION
    groups = {}  # SOLUTION
    for row in departures:  # SOLUTION
        visib = visibility.get((row["origin"], row["hour"]))  # SOLUTION
        groups.setdefault(visib, []).append(row["delay"])  # SOLUTION
    rows = []  # SOLUTION
    for visib, delays in groups.items():  # SOLUTION
        left = [delay for delay in delays if delay is not None]  # SOLUTION
        mean_delay = sum(left) / len(left) if left else None  # SOLUTION
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})  # SOLUTION
    known = len(departures) - len(groups.get(None, []))  # SOLUTION
    share = 100 * known // len(departures) if departures else 0  # SOLUTION
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["check-4"]
lab.check(4, delay_by_weather)

# %% tags=["wrong-4"] says="It counts all the same" breaks="Departures of unknown visibility have a row too"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        if visib is None:
            continue
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="Two airports have another visibility in one hour" breaks="`origin` and `hour` together never repeat"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {row["hour"]: row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get(row["hour"])
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="in the next hour" breaks="`origin` and `hour` together never repeat"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {row["origin"]: row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get(row["origin"])
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="A cancelled departure counts" breaks="(cancelled ones too)"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(left), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="has no part in the mean" breaks="of those that left"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay or 0 for delay in delays]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="the mean is None" breaks="(None where none did)"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else 0
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="A delay of 0 is a delay" breaks="of those that left"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="fog is not None" breaks="one for each visibility in miles"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"])) or None
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="1 of 3 is 33" breaks="in whole percent, rounded down"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known / len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="2 of 3 is 66" breaks="rounded down"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = round(100 * known / len(departures)) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="known is 0" breaks="0 without departures"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 100
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="Two of your rows have one visibility" breaks="one for each visibility in miles"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault((row["origin"], visib), []).append(row["delay"])

    rows = []
    for (_, visib), delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - sum(len(d) for (_, v), d in groups.items() if v is None)
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="Weather of an hour without departures" breaks="that departures had"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {visib: [] for visib in visibility.values() if visib is not None}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="You read weather.conditions under contract 2" breaks="under contract 1"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 2)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="has no part in delay by weather" breaks="Only these two ports are read"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    aircraft = read("fleet.aircraft", 1)
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="you published all the same" breaks="an error of `read` comes out"
def delay_by_weather(read):
    try:
        departures = read("operations.departures", 1)
    except LookupError:
        departures = []
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "punctuality", "rows": rows, "known": share}

# %% tags=["wrong-4"] says="The product has no owner" breaks="who answers for it, a text"
def delay_by_weather(read):
    departures = read("operations.departures", 1)
    visibility = {(row["origin"], row["hour"]): row["visib"] for row in read("weather.conditions", 1)}
    groups = {}
    for row in departures:
        visib = visibility.get((row["origin"], row["hour"]))
        groups.setdefault(visib, []).append(row["delay"])

    rows = []
    for visib, delays in groups.items():
        left = [delay for delay in delays if delay is not None]
        mean_delay = sum(left) / len(left) if left else None
        rows.append({"visib": visib, "departures": len(delays), "mean_delay": mean_delay})

    known = len(departures) - len(groups.get(None, []))
    share = 100 * known // len(departures) if departures else 0
    return {"owner": "", "rows": rows, "known": share}

# %% tags=["nothing-4"] says="a row with 2 departures"
def delay_by_weather(read):
    return {"owner": "punctuality", "rows": [{"visib": 9.0, "departures": 1, "mean_delay": 10.0}], "known": 100}

# %% tags=["right-4"]
def delay_by_weather(read):
    import pandas as pd
    departures = pd.DataFrame(read("operations.departures", 1), columns=["key", "origin", "hour", "delay"])
    weather = pd.DataFrame(read("weather.conditions", 1), columns=["origin", "hour", "visib"])
    joined = departures.merge(weather, on=["origin", "hour"], how="left")
    joined = joined.assign(visib=joined.visib.astype(float), delay=joined.delay.astype(float))
    groups = joined.groupby("visib", dropna=False).delay.agg(departures="size", mean_delay="mean").reset_index()
    known = int(100 * joined.visib.notna().sum() // len(joined)) if len(joined) else 0
    return {"owner": "punctuality", "rows": groups.to_dict("records"), "known": known}

# %% tags=["right-4"]
def delay_by_weather(read):
    from collections import Counter
    weather, flown = read("weather.conditions", 1), read("operations.departures", 1)
    flights, left, minutes = Counter(), Counter(), Counter()
    for flight in flown:
        hours = [row["visib"] for row in weather if (row["origin"], row["hour"]) == (flight["origin"], flight["hour"])]
        visib = hours[0] if hours else None
        flights[visib] += 1
        if flight["delay"] is not None:
            left[visib] += 1
            minutes[visib] += flight["delay"]
    rows = tuple({"mean_delay": minutes[visib] / left[visib] if left[visib] else None, "visib": visib, "departures": n}
                 for visib, n in flights.items())
    known = 0
    while flown and (known + 1) * len(flown) <= 100 * (len(flown) - flights[None]):
        known += 1
    return {"rows": rows, "known": known, "owner": "the punctuality team", "version": "1.0.0"}

# %% tags=["raises-4"] says="KeyError"
def delay_by_weather(read):
    rows = [row["airport"] for row in read("operations.departures", 1)]
    return {"owner": "punctuality", "rows": rows, "known": 0}

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## Discussion
#
# The tempting answer to exercise 4 is an inner join: each row that is left is right, the table is smaller and tidier, and nobody sees that it is about
# other departures. The left join keeps them all, and puts what is unknown into a row of its own. So the share becomes a promise that a
# machine can watch, and a worse month is refused at *your* publish, where somebody can do something about it.
#
# In exercise 3 it is tempting to call a new allowed value a small thing, since nothing was taken away. But a reader was promised that
# only three airports come, and has built a table of three.
#
# What is inherent: contracts see what they name. That two owners mean different things by one word, or that a join of two good ports keeps a part of
# the rows, is in neither contract; somebody has to make it a promise. And a pinned version buys time, no more: it gets no new rows.

# %%
lab.progress()

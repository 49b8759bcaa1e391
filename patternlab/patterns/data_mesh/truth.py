"""The truth of pattern 13: each departure with the weather of its hour, joined in pandas from the published tables."""
from ...flights import rows, timed
from .. import define

LATE = 15                                                  # minutes: what operations call late


@define("delay_by_weather", frozen=True)
def delay_by_weather(slice):
    """Each scheduled departure: frame key, origin, hour (UTC), dep_delay (NaN: cancelled), late, wind_speed and visib (NaN:
    no weather is known of its hour, or no wind of it)."""
    flown = timed(slice)
    flown = flown.assign(hour=flown.time_hour, late=flown.dep_delay > LATE)
    weather = rows("weather", slice)
    weather = weather.assign(hour=weather.time_hour)[["origin", "hour", "wind_speed", "visib"]]
    joined = flown[["key", "origin", "hour", "dep_delay", "late"]].merge(weather, on=["origin", "hour"], how="left")
    return joined.sort_values("key").reset_index(drop=True)

"""The catalogue of amenities: every one in one group, in the order to show them in."""

from collections.abc import Mapping
from enum import StrEnum

from db.enums import Amenity


class AmenityGroup(StrEnum):
    """What an amenity is for."""

    ESSENTIALS = "ESSENTIALS"
    KITCHEN = "KITCHEN"
    BATHROOM_AND_LAUNDRY = "BATHROOM_AND_LAUNDRY"
    WORK_AND_ENTERTAINMENT = "WORK_AND_ENTERTAINMENT"
    FAMILY = "FAMILY"
    OUTDOORS = "OUTDOORS"
    PARKING = "PARKING"
    SPORT_AND_WELLNESS = "SPORT_AND_WELLNESS"
    SAFETY = "SAFETY"
    ACCESS = "ACCESS"


GROUP_TITLES: Mapping[AmenityGroup, str] = {
    AmenityGroup.ESSENTIALS: "Essentials",
    AmenityGroup.KITCHEN: "Kitchen and dining",
    AmenityGroup.BATHROOM_AND_LAUNDRY: "Bathroom and laundry",
    AmenityGroup.WORK_AND_ENTERTAINMENT: "Work and entertainment",
    AmenityGroup.FAMILY: "Family",
    AmenityGroup.OUTDOORS: "Outdoors and views",
    AmenityGroup.PARKING: "Parking and charging",
    AmenityGroup.SPORT_AND_WELLNESS: "Sport and wellness",
    AmenityGroup.SAFETY: "Safety",
    AmenityGroup.ACCESS: "Arrival and access",
}
# In English; clients have their own words by the names.
CATALOGUE: Mapping[AmenityGroup, Mapping[Amenity, str]] = {
    AmenityGroup.ESSENTIALS: {
        Amenity.WIFI: "Wi-Fi",
        Amenity.HEATING: "Heating",
        Amenity.AIR_CONDITIONING: "Air conditioning",
        Amenity.HOT_WATER: "Hot water",
        Amenity.BED_LINEN: "Bed linen",
        Amenity.TOWELS: "Towels",
        Amenity.IRON: "Iron",
    },
    AmenityGroup.KITCHEN: {
        Amenity.KITCHEN: "Kitchen",
        Amenity.REFRIGERATOR: "Refrigerator",
        Amenity.OVEN: "Oven",
        Amenity.MICROWAVE: "Microwave",
        Amenity.DISHWASHER: "Dishwasher",
        Amenity.COFFEE_MAKER: "Coffee maker",
        Amenity.BREAKFAST: "Breakfast",
    },
    AmenityGroup.BATHROOM_AND_LAUNDRY: {
        Amenity.WASHER: "Washing machine",
        Amenity.DRYER: "Dryer",
        Amenity.HAIR_DRYER: "Hair dryer",
        Amenity.BATHTUB: "Bathtub",
    },
    AmenityGroup.WORK_AND_ENTERTAINMENT: {
        Amenity.WORKSPACE: "Workspace",
        Amenity.TV: "TV",
        Amenity.FIREPLACE: "Fireplace",
        Amenity.PIANO: "Piano",
        Amenity.BOOKS: "Books",
    },
    AmenityGroup.FAMILY: {
        Amenity.CRIB: "Crib",
        Amenity.HIGH_CHAIR: "High chair",
        Amenity.TOYS: "Toys",
    },
    AmenityGroup.OUTDOORS: {
        Amenity.BALCONY: "Balcony",
        Amenity.GARDEN: "Garden",
        Amenity.BARBECUE: "Barbecue",
        Amenity.BEACHFRONT: "On the beach",
        Amenity.LAKE_ACCESS: "Lake access",
    },
    AmenityGroup.PARKING: {
        Amenity.PARKING: "Parking",
        Amenity.EV_CHARGER: "Charger for electric cars",
    },
    AmenityGroup.SPORT_AND_WELLNESS: {
        Amenity.POOL: "Pool",
        Amenity.HOT_TUB: "Hot tub",
        Amenity.SAUNA: "Sauna",
        Amenity.GYM: "Gym",
        Amenity.BIKES: "Bikes",
    },
    AmenityGroup.SAFETY: {
        Amenity.SMOKE_ALARM: "Smoke alarm",
        Amenity.CARBON_MONOXIDE_ALARM: "Carbon monoxide alarm",
        Amenity.FIRE_EXTINGUISHER: "Fire extinguisher",
        Amenity.FIRST_AID_KIT: "First-aid kit",
    },
    AmenityGroup.ACCESS: {
        Amenity.SELF_CHECK_IN: "Self check-in",
        Amenity.STEP_FREE_ACCESS: "Step-free access",
        Amenity.ELEVATOR: "Elevator",
        Amenity.LUGGAGE_DROP_OFF: "Luggage drop-off",
    },
}

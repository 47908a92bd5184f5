"""Physical and system constants, each with the document it comes from. SI units, named in the constant."""

SPEED_OF_LIGHT_MPS = 299_792_458.0  # SI definition

# WGS-84 (NIMA TR8350.2, 3.2)
WGS84_A_M = 6_378_137.0
WGS84_F = 1 / 298.257223563
WGS84_E2 = WGS84_F * (2 - WGS84_F)
WGS84_B_M = WGS84_A_M * (1 - WGS84_F)
EARTH_ROTATION_RADPS = 7.292115e-5
EARTH_GM_M3PS2 = 3.986004418e14  # IERS Conventions 2010, table 1.1

# First-generation beacons (C/S T.001)
FGB_BIT_RATE_BPS = 400.0  # 2.2.4
FGB_CARRIER_S = 0.160  # 2.2.3
FGB_SHORT_BITS = 112  # 2.2.4
FGB_LONG_BITS = 144  # 2.2.4
FGB_PHASE_RAD = 1.1  # 2.3.6
FGB_REPETITION_S = (47.5, 52.5)  # 2.2.1

# The band of 406 MHz beacons (C/S T.001 2.3.1)
BAND_HZ = (406.0e6, 406.1e6)

"""`python -m geo_risk.cli`: the same as `geo-risk`."""

from geo_risk.cli.app import main

main()

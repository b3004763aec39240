"""The auctioneers: cluster, route, predict, clear, settle. They see what is reported, no more."""

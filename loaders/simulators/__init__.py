"""Stand-ins for the services that Sluss reads, with their quirks and, on demand, their faults."""

"""The flows of the exchange, through its public doors."""

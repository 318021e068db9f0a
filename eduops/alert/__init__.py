"""Room `alert`: what people must hear of, kept until it was delivered."""

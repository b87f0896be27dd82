"""Ships CloudWatch Logs to LogInformant: decode, parse, infer the level, batch, deliver, keep account."""

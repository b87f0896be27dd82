"""`shipctl audit`: what was logged, log group by log group, beside what arrived."""

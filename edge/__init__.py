"""digitd's part on the counter: frame → window → cells → probabilities → wheels → reading → outputs."""

__version__ = "0.1.0"

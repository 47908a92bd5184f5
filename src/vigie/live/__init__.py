"""Live sources: radios and audio over a network, a driver or a pipe. Threads, sockets and clocks live here."""

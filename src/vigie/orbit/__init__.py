"""Where the satellites are: elements, precise and broadcast orbits, frames, passes."""

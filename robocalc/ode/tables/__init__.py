"""Coefficients as literals, one file a method; METHODS of `robocalc.ode.methods` lists them."""

"""The known mistakes, one module for each part of the derivation they break."""

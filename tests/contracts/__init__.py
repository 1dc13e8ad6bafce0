"""The contract kit, held against correct adapters, broken ones and the built-in ones."""

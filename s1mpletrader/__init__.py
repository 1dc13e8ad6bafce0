"""S1mpleTrader: trading strategies that can say why."""

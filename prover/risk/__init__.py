"""Risk parameters from price history: realised and forecast volatility, and the range a stress moves by."""

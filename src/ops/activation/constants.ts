// Constants of the tanh form of GELU (Hendrycks & Gimpel; `gelu_pytorch_tanh` in Hugging Face configurations).

/** √(2/π). */
export const root = 0.7978845608028654;
/** Weight of x³. */
export const cubic = 0.044715;

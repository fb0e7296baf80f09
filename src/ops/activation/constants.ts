// Constants of GELU: the tanh form (Hendrycks & Gimpel; `gelu_pytorch_tanh` in Hugging Face configurations), and the exact one.

/** √(2/π). */
export const root = 0.7978845608028654;
/** Weight of x³. */
export const cubic = 0.044715;

import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { pythonLiteral, pythonSnippet, type SnippetInput } from "./pythonSnippet";

const input: SnippetInput = {
  modelName: "shapes-vlm",
  model: "model",
  family: "SmolVLM",
  precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
  hasAdapter: true,
  text: "How many blue objects are there?",
  promptTokens: 71,
  ids: [27, 304, 18],
  tokenText: " 3",
  page: { logp: -0.5, logpMasked: -2.25, kl: 1.5, jsd: 0.25, entropy: 0.75, entropyMasked: 1.25 },
  top: [{ id: 18, probability: 0.625, probabilityMasked: 0.125 }],
  notes: ["The adapter is that of step 3."],
};

const hostile = '"""\nimport os; os.system("x")\n\u2028#\u202e\u0000\\N{BULLET}\ud800';

const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("the Python snippet", () => {
  it("holds the token's ids and numbers, and the checkpoint's own processor", () => {
    const program = pythonSnippet(input);
    expect(program).toMatchSnapshot();
    for (const line of ["ANSWER_IDS = [27, 304, 18]", 'ADAPTER = "adapter"', "PROMPT_TOKENS = 71", "AutoProcessor"]) {
      expect(program).toContain(line);
    }
  });

  it("takes Qwen's pictures as they are, in their final size", () => {
    const program = pythonSnippet({ ...input, family: "Qwen3-VL", model: "Qwen/Qwen3-VL-2B-Instruct", revision: "abc" });
    expect(program).toContain("do_resize=False");
    expect(program).toContain('REVISION = "abc"');
    expect(program).not.toContain("AutoProcessor");
  });

  it.skipIf(!hasPython)("lets no text become code: Python reads back what went in", () => {
    const program = pythonSnippet({ ...input, text: hostile, tokenText: hostile, modelName: hostile, notes: [hostile] });
    const check = "import ast,json,sys\ntree = ast.parse(sys.stdin.read())\n";
    const names = `print(json.dumps({n.targets[0].id: ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], 'id', '') in ('TEXT', 'TOKEN')} | {'first': type(tree.body[0].value).__name__}))`;
    const read: unknown = JSON.parse(execFileSync("python3", ["-c", check + names], { input: program, encoding: "utf8" }));
    expect(read).toEqual({ TEXT: hostile, TOKEN: hostile, first: "Constant" });
  });

  it("hides nothing in its text", () => {
    const program = pythonSnippet({ ...input, text: hostile, tokenText: hostile, modelName: hostile, notes: [hostile] });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a program must not hold them
    expect(program).not.toMatch(/[\u0000\u2028\u202e\ud800]/);
  });

  it("writes values as Python does", () => {
    expect(pythonLiteral([null, true, false, 1e-7, Number.NaN, "é\n"])).toBe('[None, True, False, 1e-7, float("nan"), "é\\n"]');
  });
});

// Control questions of the shapes world: things that are known without an image. Their visual dependency should be near
// zero, which is what makes the others' meaningful.

/** A question with a fixed answer and the sentence that leads to it. */
export interface Fact {
  readonly question: string;
  readonly thought: string;
  readonly answer: string;
}

/** English words of the numbers 0 to 10. */
export const numberWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"] as const;

/** The English word of a number from 0 to 10. */
export function numberWord(value: number): string {
  const word = numberWords[value];
  if (word === undefined) throw new RangeError(`no word for ${value}: only 0 to 10 have one`);
  return word;
}

const polygons = [
  { name: "triangle", sides: 3 },
  { name: "square", sides: 4 },
] as const;

const coloredThings = [
  { name: "grass", color: "green" },
  { name: "a leaf", color: "green" },
  { name: "the sky", color: "blue" },
  { name: "the sea", color: "blue" },
  { name: "a banana", color: "yellow" },
  { name: "the sun", color: "yellow" },
  { name: "blood", color: "red" },
  { name: "a tomato", color: "red" },
] as const;

const polygonFacts: readonly Fact[] = polygons.flatMap(({ name, sides }) =>
  ["sides", "corners"].flatMap((part) => {
    const thought = `A ${name} has ${numberWord(sides)} ${part}.`;
    return [
      { question: `How many ${part} has a ${name}?`, thought, answer: String(sides) },
      { question: `How many ${part} does a ${name} have?`, thought, answer: String(sides) },
    ];
  }),
);

const colorFacts: readonly Fact[] = coloredThings.map(({ name, color }) => ({
  question: `What color is ${name}?`,
  thought: `${name.charAt(0).toUpperCase()}${name.slice(1)} is ${color}.`,
  answer: color,
}));

const sumFacts: readonly Fact[] = [0, 1, 2, 3, 4].flatMap((a) =>
  [0, 1, 2, 3, 4].map((b) => ({
    question: `What is ${a} + ${b}?`,
    thought: `${capitalNumber(a)} plus ${numberWord(b)} is ${numberWord(a + b)}.`,
    answer: String(a + b),
  })),
);

function capitalNumber(value: number): string {
  const word = numberWord(value);
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Control questions by topic, so that a topic with many questions does not crowd out the others. */
export const factTopics: readonly (readonly Fact[])[] = [polygonFacts, colorFacts, sumFacts];

import { expect, it } from "vitest";
import { TransferMeter } from "./transfer";

function setUp(total = 1_000_000) {
  const clock = { ms: 10_000 };
  return { clock, meter: new TransferMeter(total, () => clock.ms) };
}

it("measures speed over the last five seconds and says how long the rest takes", () => {
  const { clock, meter } = setUp();
  for (let second = 0; second < 10; second++) {
    // 10 kB/s at first, 40 kB/s later.
    meter.received("a", 0, 500_000, 0);
    clock.ms += 1000;
    meter.received("a", second, 500_000, second < 4 ? 10_000 : 40_000);
  }
  meter.done(200_000, "network");
  const { bytesPerSecond, secondsLeft } = meter.progress();
  expect(bytesPerSecond).toBeCloseTo(40_000, 6);
  expect(secondsLeft).toBeCloseTo(20, 6);
});

it("lets the speed fall to zero when nothing arrives", () => {
  const { clock, meter } = setUp();
  meter.received("a", 1000, 2000, 1000);
  clock.ms += 1000;
  meter.received("a", 2000, 2000, 1000);
  expect(meter.progress().bytesPerSecond).toBe(2000);
  clock.ms += 1000;
  expect(meter.progress().bytesPerSecond).toBe(1000);
  clock.ms += 60_000;
  expect(meter.progress().bytesPerSecond).toBe(0);
  expect(meter.progress().secondsLeft).toBeUndefined();
});

it("keeps few samples however many pieces arrive", () => {
  const { clock, meter } = setUp();
  for (let i = 0; i < 20_000; i++) {
    clock.ms += 1;
    meter.received("a", i, 20_000, 100);
  }
  expect(meter.progress().bytesPerSecond).toBeCloseTo(100_000, -3);
});

it("lists files in the order of their first mention and never counts a file back", () => {
  const { meter } = setUp();
  meter.file("one", 0, 100);
  meter.received("two", 50, 200, 50);
  meter.received("one", 80, 100, 80);
  meter.received("one", 10, 100, 10);
  expect(meter.progress().files).toEqual([
    { name: "one", loadedBytes: 80, totalBytes: 100 },
    { name: "two", loadedBytes: 50, totalBytes: 200 },
  ]);
});

it("counts what is done by where it came from, and says what it waits for", () => {
  const { meter } = setUp(300);
  meter.done(100, "network");
  meter.done(150, "cache");
  meter.wait("the server asked to wait 20 s");
  expect(meter.progress()).toMatchObject({
    doneBytes: 250,
    cachedBytes: 150,
    totalBytes: 300,
    waiting: "the server asked to wait 20 s",
  });
  meter.wait(undefined);
  expect("waiting" in meter.progress()).toBe(false);
});

it("measures anew after a pause", () => {
  const { clock, meter } = setUp();
  meter.received("a", 0, 100, 5000);
  clock.ms += 1000;
  meter.setPaused(true);
  expect(meter.progress()).toMatchObject({ paused: true, bytesPerSecond: 0 });
  clock.ms += 3_600_000;
  meter.setPaused(false);
  meter.received("a", 0, 100, 0);
  clock.ms += 1000;
  meter.received("a", 0, 100, 7000);
  expect(meter.progress().bytesPerSecond).toBe(7000);
});

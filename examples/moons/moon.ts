/**
 * A picture of a moon, computed: a lit sphere with craters in a dark sky, and the words for it.
 * @module
 */

/** What a caption says of a moon. */
export interface Moon {
  readonly size: "small" | "large";
  readonly phase: "full" | "half" | "crescent";
  /** Where the light comes from; a full moon is lit from the front. */
  readonly light: "left" | "right" | "front";
  readonly surface: "cratered" | "smooth";
}

/** All moons that there are words for. */
export const moons: readonly Moon[] = (["small", "large"] as const).flatMap((size) =>
  (["cratered", "smooth"] as const).flatMap((surface) => [
    { size, surface, phase: "full" as const, light: "front" as const },
    ...(["half", "crescent"] as const).flatMap((phase) =>
      (["left", "right"] as const).map((light) => ({ size, surface, phase, light }))
    ),
  ])
);

/** "large cratered crescent moon, lit from the left". */
export function captionOf({ size, surface, phase, light }: Moon): string {
  return `${size} ${surface} ${phase} moon${light === "front" ? "" : `, lit from the ${light}`}`;
}

/** Radius of a moon as a share of the picture's side. */
const radii = { small: 0.22, large: 0.40 };

/** Towards the light: z points to the viewer, x to the right. */
const lights = { full: [0, 1], half: [0.98, 0.2], crescent: [0.87, -0.5] } as const;

/** Where the dark part of a moon and the sky are: less than one step of 8 bits, but dozens of 16. */
const [earthshine, sky] = [0.0030, 0.0005];

interface Crater {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/**
 * Paints a moon: 16 bits a sample, [side, side].
 *
 * @param options.random uniform numbers in [0, 1): the moon's place, brightness and craters
 */
export function paintMoon(moon: Moon, { side, random }: { side: number; random: () => number }): Uint16Array {
  const between = (low: number, high: number) => low + (high - low) * random();
  const radius = radii[moon.size] * side * between(0.92, 1.08);
  const room = Math.min(side / 2 - radius - 2, side / 12);
  const [left, top] = [between(-room, room), between(-room, room)].map((shift) => (side - 1) / 2 + shift);
  const albedo = between(0.75, 0.95);
  const craters = moon.surface === "smooth" ? [] : cratersOf(between);
  const [across, front] = lights[moon.phase];
  const towards = moon.light === "left" ? -across : across;
  const picture = new Uint16Array(side * side);
  for (let i = 0; i < picture.length; i++) {
    const [x, y] = [(i % side - left!) / radius, (Math.floor(i / side) - top!) / radius];
    const distance = Math.hypot(x, y);
    // The edge is one pixel wide.
    const cover = Math.min(1, Math.max(0, (1 - distance) * radius + 0.5));
    const z = Math.sqrt(Math.max(0, 1 - distance ** 2));
    // A moon's dust scatters light back, so that a full one is nearly flat; the terminator is a fifth of the radius wide.
    const lit = Math.min(1, Math.max(0, (x * towards + z * front) * 2.5)) * (0.85 + 0.15 * z);
    const ground = craters.reduce((value, crater) => value * shadeOf(crater, { x, y }), albedo);
    const value = cover * (earthshine + (1 - earthshine) * lit * ground) + (1 - cover) * sky;
    picture[i] = Math.round(value * 65535);
  }
  return picture;
}

/** Dark basins that do not overlap, all over the disc. */
function cratersOf(between: (low: number, high: number) => number): Crater[] {
  const craters: Crater[] = [];
  for (let attempt = 0; attempt < 40 && craters.length < 4; attempt++) {
    const [angle, distance] = [between(0, 2 * Math.PI), Math.sqrt(between(0, 0.6))];
    const crater = { x: distance * Math.cos(angle), y: distance * Math.sin(angle), radius: between(0.18, 0.30) };
    const isFree = craters.every(({ x, y, radius }) => Math.hypot(x - crater.x, y - crater.y) > radius + crater.radius);
    if (isFree) craters.push(crater);
  }
  return craters;
}

/** What a crater does to the brightness of the ground: a dark floor with a soft edge. */
function shadeOf(crater: Crater, { x, y }: { x: number; y: number }): number {
  const inside = 1 - Math.hypot(x - crater.x, y - crater.y) / crater.radius;
  return 1 - 0.5 * Math.min(1, Math.max(0, inside * 2 + 0.4));
}

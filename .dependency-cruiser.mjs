// The floors of host/: a folder imports only from folders below it, and files never in a circle.
// `npm run check:imports` holds this; docs/architecture.md shows the floors.

/** Floors from the top down; folders of one floor do not know each other. */
const FLOORS = [
  ["cli"],
  ["index.ts"],
  ["open-board.ts"],
  ["doctor", "flash", "monitor", "provision", "reboot"],
  ["analyze", "simulate"],
  ["sources"],
  ["desk", "emulated", "virtual"],
  ["tracking"],
  ["check"],
  ["console"],
  ["boards", "capture", "module", "peers", "report"],
  ["system"],
  ["core"],
];

/** @param {string} place @returns {string} */
const pattern = (place) => `^host/${place}${place.endsWith(".ts") ? "$" : "/"}`;

const floorRules = FLOORS.flatMap((floor, index) =>
  floor.map((place) => ({
    name: `${place}-imports-from-below`,
    comment: "Move what is shared to a floor below both, or hand it in as an argument.",
    severity: "error",
    from: { path: pattern(place) },
    to: {
      path: "^host/",
      pathNot: [place, ...FLOORS.slice(index + 1).flat()].map(pattern),
    },
  })),
);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...floorRules,
    {
      name: "a-floor-for-each-folder",
      comment: "Give the new folder its place in FLOORS, and in docs/architecture.md.",
      severity: "error",
      from: { path: "^host/", pathNot: FLOORS.flat().map(pattern) },
      to: {},
    },
    {
      name: "no-circles",
      comment: "Two files that import each other are one file, or three.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "nothing-of-the-tests",
      comment: "What is shipped does not know tests, benchmarks or scripts.",
      severity: "error",
      from: { path: "^host/" },
      to: { path: "^(test|benchmarks|scripts|build)/" },
    },
    {
      name: "only-what-exists",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Types count: a type that is declared upstairs binds as much as a function.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};

export * from "../../host/simulate/exhaustive/power-cuts.ts";

export * from "../../host/simulate/exhaustive/lab.ts";

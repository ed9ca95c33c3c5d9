export * from "../../host/simulate/exhaustive/oracle.ts";

export { GEOMETRIES } from "../../host/simulate/geometries.ts";

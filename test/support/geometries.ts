export { GEOMETRIES } from "../../host/virtual/geometries.ts";

/** The guess behind a "did you mean", for the command line. */
export { didYouMean, nearest } from "../core/did-you-mean.ts";

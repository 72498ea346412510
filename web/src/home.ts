/** The page where somebody begins. */
export const home = "summary";

/** The text of a file as vitest imports it, so that tests read files without Node's types in a package that runs in a browser. */
declare module '*?raw' {
  const text: string;
  export default text;
}

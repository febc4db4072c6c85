const NEXT = { red: 'green', green: 'yellow', yellow: 'red' };

export class TrafficLight {
  constructor(colour) {
    if (!(colour in NEXT)) {
      throw new Error('no such colour');
    }
    this.colour = colour;
  }

  get next() {
    return NEXT[this.colour];
  }
}

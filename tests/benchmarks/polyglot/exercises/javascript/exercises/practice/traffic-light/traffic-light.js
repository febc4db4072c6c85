export class TrafficLight {
  constructor(colour) {
    throw new Error('Please implement the constructor');
  }

  get next() {
    throw new Error('Please implement next');
  }
}
